#include "arraywire/metadata.hpp"

#include "arraywire/policy.hpp"
#include "core/allocation_count.hpp"

#include <gtest/gtest.h>

#include <string>

namespace arraywire {
namespace {

TEST(Attributes, KeepTheOrderInWhichKeysWereFirstSet) {
  Attributes attributes;
  attributes.set("gain", 2.5);
  attributes.set("frames", 7);
  attributes.set("valid", true);
  attributes.set("camera", "left");
  attributes.set("gain", 3.5);
  ASSERT_EQ(attributes.size(), 4U);
  const auto* entry = attributes.begin();
  EXPECT_EQ(entry[0], (Attributes::Entry{"gain", 3.5}));
  EXPECT_EQ(entry[1], (Attributes::Entry{"frames", std::int64_t{7}}));
  EXPECT_EQ(entry[2], (Attributes::Entry{"valid", true}));
  EXPECT_EQ(entry[3], (Attributes::Entry{"camera", std::string("left")}));
}

TEST(Attributes, MayChangeAKeysType) {
  Attributes attributes;
  attributes.set("x", 1);
  attributes.set("x", "one");
  ASSERT_NE(attributes.find("x"), nullptr);
  EXPECT_EQ(*attributes.find("x"), AttributeValue(std::string("one")));
  EXPECT_EQ(attributes.size(), 1U);
}

TEST(Attributes, DoNotFindErasedOrClearedKeys) {
  Attributes attributes;
  attributes.set("a", 1);
  attributes.set("b", 2);
  attributes.set("c", 3);
  EXPECT_TRUE(attributes.erase("b"));
  EXPECT_FALSE(attributes.erase("b"));
  EXPECT_EQ(attributes.find("b"), nullptr);
  ASSERT_EQ(attributes.size(), 2U);
  EXPECT_EQ(attributes.begin()[1].key, "c");
  attributes.set("b", 4);
  EXPECT_EQ(attributes.begin()[2], (Attributes::Entry{"b", std::int64_t{4}}));
  attributes.clear();
  EXPECT_TRUE(attributes.empty());
  EXPECT_EQ(attributes.find("a"), nullptr);
}

TEST(Attributes, CompareWhatIsThereNotWhatWas) {
  Attributes a;
  a.set("old", 1);
  a.clear();
  EXPECT_EQ(a, Attributes{});
  Attributes b;
  a.set("k", 2);
  b.set("k", 2);
  EXPECT_EQ(a, b);
  b.set("k", 3);
  EXPECT_FALSE(a == b);
}

TEST(Attributes, AllocateNothingWhenTheSameKeysAreSetAgain) {
  Attributes attributes;
  const std::string camera = "a name too long for the short-string buffer";
  const auto set_all = [&](int n) {
    attributes.set("a key too long for the short-string buffer", n);
    attributes.set("gain", 0.5 * n);
    attributes.set("valid", n % 2 == 0);
    attributes.set("camera", camera);
  };
  set_all(1);
  const auto before = testing::allocation_count();
  for (int n = 0; n < 10; ++n) {
    set_all(n);
    attributes.clear();
    set_all(n);
    attributes.erase("camera");
  }
  EXPECT_EQ(testing::allocation_count(), before);
}

TEST(Policies, HaveTheNamesOfTheCommandLines) {
  EXPECT_EQ(name(Delivery::FanOut), "fan-out");
  EXPECT_EQ(name(Delivery::Distribute), "distribute");
  EXPECT_EQ(name(Lane::Inline), "inline");
  EXPECT_EQ(name(Lane::SharedMemory), "shared-memory");
  EXPECT_EQ(name(LaneChoice::Automatic), "auto");
  EXPECT_EQ(name(LaneChoice::SharedMemory), "shared-memory");
  EXPECT_EQ(name(LaneChoice::Inline), "inline");
  EXPECT_EQ(name(WhenFull::Automatic), "auto");
  EXPECT_EQ(name(WhenFull::Block), "block");
  EXPECT_EQ(name(WhenFull::DropNewest), "drop-newest");
  EXPECT_EQ(name(WhenFull::Latest), "latest");
}

}  // namespace
}  // namespace arraywire
