#include "memory/borrowed.hpp"
#include "memory/in_child.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace arraywire::memory {
namespace {

FreeCallback counting(std::atomic<int>& count) {
  return {.run = [](void* hint) noexcept { ++*static_cast<std::atomic<int>*>(hint); }, .hint = &count};
}
bool readable(const ReleaseQueue& queue) {
  pollfd watched{.fd = queue.descriptor(), .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, 0) == 1;
}

TEST(ReleaseQueue, RunsACallbackOnceAfterTheLastReferenceAndNotBefore) {
  const auto queue = ReleaseQueue::create();
  std::atomic<int> runs{0};
  Reference first = queue->borrow(counting(runs));
  Reference second = first;
  first = {};
  EXPECT_FALSE(readable(*queue));
  second = {};
  EXPECT_EQ(runs, 0);  // a drop never runs user code
  EXPECT_TRUE(readable(*queue));
  queue->run_callbacks();
  queue->run_callbacks();
  EXPECT_EQ(runs, 1);
  EXPECT_FALSE(readable(*queue));
}

TEST(ReleaseQueue, RunsThemInTheOrderOfTheDrops) {
  const auto queue = ReleaseQueue::create();
  static std::vector<int> seen;  // the callback's hint is the value
  seen.clear();
  int values[] = {0, 1, 2};
  std::vector<Reference> lent;
  for (int& value : values) {
    lent.push_back(queue->borrow({.run = [](void* hint) noexcept { seen.push_back(*static_cast<int*>(hint)); }, .hint = &value}));
  }
  for (std::size_t i : {1u, 2u, 0u}) lent[i] = {};
  queue->run_callbacks();
  EXPECT_EQ(seen, (std::vector{1, 2, 0}));
}

TEST(ReleaseQueue, AcceptsMemoryThatNeedsNoCallback) {
  const auto queue = ReleaseQueue::create();
  queue->borrow({});
  queue->run_callbacks();
  EXPECT_FALSE(readable(*queue));
}

TEST(ReleaseQueue, ACallbackMayDropAnotherBlock) {
  const auto queue = ReleaseQueue::create();
  std::atomic<int> runs{0};
  Reference inner = queue->borrow(counting(runs));
  {
    queue->borrow({.run = [](void* hint) noexcept { *static_cast<Reference*>(hint) = {}; }, .hint = &inner});
  }
  queue->run_callbacks();
  EXPECT_EQ(runs, 1);
}

TEST(ReleaseQueue, RunsWhatIsLeftWhenItDies) {
  std::atomic<int> runs{0};
  auto queue = ReleaseQueue::create();
  { const Reference dropped = queue->borrow(counting(runs)); }
  queue.reset();
  EXPECT_EQ(runs, 1);
}

TEST(ReleaseQueue, LivesUntilItsLastBlockIsDropped) {
  std::atomic<int> runs{0};
  auto queue = ReleaseQueue::create();
  Reference last = queue->borrow(counting(runs));
  queue.reset();
  EXPECT_EQ(runs, 0);
  last = {};
  EXPECT_EQ(runs, 1);
}

// The child shares the eventfd with its parent, and its copy of what was lent is not the lender's.
TEST(ReleaseQueue, AForkedChildRunsNothingAndTakesNoWakeUp) {
  const auto queue = ReleaseQueue::create();
  std::atomic<int> runs{0};
  Reference waiting = queue->borrow(counting(runs)), lent = queue->borrow(counting(runs));
  waiting = Reference();
  EXPECT_EQ(testing::in_child([&] {
              lent = Reference();
              queue->run_callbacks();
              return std::to_string(runs);
            }),
            "0");
  EXPECT_TRUE(readable(*queue));
  lent = Reference();
  queue->run_callbacks();
  EXPECT_EQ(runs, 2);
}

TEST(ReleaseQueue, RunsEachOnceWithManyThreadsDroppingAndRunning) {
  constexpr int kThreads = 4, kBlocks = 2000;
  const auto queue = ReleaseQueue::create();
  std::atomic<int> runs{0};
  std::atomic<int> dropping{kThreads};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kBlocks; ++i) queue->borrow(counting(runs));
      --dropping;
    });
  }
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      while (dropping > 0) queue->run_callbacks();
    });
  }
  for (auto& thread : threads) thread.join();
  queue->run_callbacks();
  EXPECT_EQ(runs, kThreads * kBlocks);
  EXPECT_FALSE(readable(*queue));
}

}  // namespace
}  // namespace arraywire::memory
