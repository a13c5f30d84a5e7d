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
  for (const std::chrono::nanoseconds none : {0ns, -5'000'000'000ns, std::chrono::nanoseconds::min()})
    EXPECT_EQ(deadline_after(none), SteadyTime::min());
  const SteadyTime before = steady_now();
  const SteadyTime deadline = deadline_after(5s);
  EXPECT_GE(deadline, before + 5s);
  EXPECT_LE(deadline, steady_now() + 5s);
  EXPECT_EQ(deadline_after(std::chrono::nanoseconds::max()), SteadyTime::max());
}

TEST(Clocks, ADeadlineHasPassedOnceItsTimeCame) {
  EXPECT_TRUE(has_passed(SteadyTime::min()));
  EXPECT_TRUE(has_passed(steady_now()));
  EXPECT_FALSE(has_passed(steady_now() + 1h));
  EXPECT_FALSE(has_passed(SteadyTime::max()));
}

}  // namespace
}  // namespace arraywire
