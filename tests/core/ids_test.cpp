#include "core/ids.hpp"

#include "core/clock.hpp"

#include <gtest/gtest.h>

#include <set>

namespace arraywire {
namespace {

using namespace std::chrono_literals;

TEST(Ids, AreNeverTheSameAndNeverNone) {
  std::set<Id> seen;
  for (int i = 0; i < 10'000; ++i) {
    const Id id = random_id();
    EXPECT_TRUE(id);
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(Ids, PrintAs32Digits) {
  EXPECT_EQ(to_string(Id{0x0123456789abcdefU, 0xfedcba9876543210U}), "0123456789abcdeffedcba9876543210");
  EXPECT_EQ(to_string(Id{}), "00000000000000000000000000000000");
  EXPECT_FALSE(Id{});
  EXPECT_TRUE((Id{0, 1}));
}

TEST(Clocks, DeadlinesNeverOverflow) {
  const SteadyTime now = steady_now();
  EXPECT_EQ(deadline_after(now, 0ns), now);
  EXPECT_EQ(deadline_after(now, -5s), now);
  EXPECT_EQ(deadline_after(now, std::chrono::nanoseconds::min()), now);
  EXPECT_EQ(deadline_after(now, 5s), now + 5s);
  EXPECT_EQ(deadline_after(now, std::chrono::nanoseconds::max()), SteadyTime::max());
}

}  // namespace
}  // namespace arraywire
