#include "transport/spin.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace arraywire::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kNever = [] { return false; };

// Waits that are skipped until the next one is worth spinning for.
int skipped(Spin& spin) {
  int count = 0;
  while (!spin.worthwhile()) ++count;
  return count;
}

TEST(Spin, WithoutALimitIsNeverWorthwhile) {
  Spin spin({});
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(spin.worthwhile());
}

TEST(Spin, ThatDoesNotHelpIsTriedLessAndLessOftenUntilOneHelps) {
  Spin spin(std::chrono::microseconds{1});
  for (const int expected : {0, 1, 3, 7, 15, 31, 63, 63}) {
    EXPECT_EQ(skipped(spin), expected);
    EXPECT_FALSE(spin.until(kNever, kNever, SteadyTime::max()));
  }
  EXPECT_EQ(skipped(spin), 63);
  EXPECT_TRUE(spin.until([] { return true; }, kNever, SteadyTime::max()));
  EXPECT_EQ(skipped(spin), 0);
}

TEST(Spin, LooksAtTheRestNowAndThen) {
  Spin spin(seconds{60});
  EXPECT_TRUE(spin.until(
      kNever, [] { return true; }, SteadyTime::max()));
}

TEST(Spin, EndsAtTheDeadline) {
  Spin spin(seconds{60});
  EXPECT_FALSE(spin.until(kNever, kNever, deadline_after(milliseconds{1})));
}

// However many have one processor, and whoever leaves it.
TEST(Spin, ThreadsThatAnswerEachOtherGoOnWhereverTheyRun) {
  constexpr int kRounds = 20'000;
  constexpr int kThreads = 3;
  std::atomic<int> turn = 0;
  std::atomic<bool> late = false;
  std::vector<std::jthread> threads;
  for (int own = 0; own < kThreads; ++own) {
    threads.emplace_back([&, own] {
      Spin spin(seconds{60});
      for (int round = 0; round < kRounds; ++round) {
        if (!spin.until([&] { return turn.load() == round * kThreads + own; }, kNever, SteadyTime::max())) late = true;
        turn.fetch_add(1);
      }
    });
  }
  threads.clear();
  EXPECT_FALSE(late);
  EXPECT_EQ(turn, kRounds * kThreads);
}

}  // namespace
}  // namespace arraywire::transport
