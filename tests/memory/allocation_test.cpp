#include "memory/allocations.hpp"

#include "arraywire/error.hpp"
#include "memory/borrowed.hpp"
#include "memory/in_child.hpp"
#include "memory/pool_fixture.hpp"

#include <atomic>
#include <new>
#include <thread>

namespace arraywire::memory {
namespace {

using namespace arraywire::testing;

TEST(Allocation, NoneInTakeAndDropOnceWarm) {
  const auto pool = Pool::create(16 * kMiB);
  { const Reference a = take(*pool, kMiB), b = take(*pool, 4 * kMiB); }
  const std::size_t before = allocations();
  for (std::size_t i = 0; i < 200; ++i) {
    const auto slot = pool->take(i % 3 == 0 ? 4 * kMiB : kMiB, kNow, -1);
    const Reference copy = *slot;
  }
  EXPECT_EQ(allocations(), before);
}

TEST(Allocation, NoneInWaitingOnceWarm) {
  const auto pool = Pool::create(kMiB);
  const Reference only = take(*pool, kMiB);
  const auto wait = [&] { return pool->take(kMiB, std::chrono::milliseconds{1}, -1).error(); };
  EXPECT_EQ(wait(), PoolError::Exhausted);
  const std::size_t before = allocations();
  for (int i = 0; i < 5; ++i) wait();
  EXPECT_EQ(allocations(), before);
}

TEST(Allocation, NoneInBorrowingOnceWarm) {
  const auto queue = ReleaseQueue::create();
  const auto round = [&] {
    { const Reference a = queue->borrow({}), b = queue->borrow({}), c = queue->borrow({}); }
    queue->run_callbacks();
  };
  round();
  const std::size_t before = allocations();
  for (int i = 0; i < 100; ++i) round();
  EXPECT_EQ(allocations(), before);
}

// Everything a pool does, on one thread; false when an Error or bad_alloc came out.
bool exercise_pool() {
  try {
    const auto pool = Pool::create(4 * kMiB);
    const auto a = pool->take(kMiB, kNow, -1);
    const auto b = pool->take(kMiB, kNow, -1);
    if (a) pool->hand_over(slot_in(*a));
    pool->reserve(kMiB / 2, 2);
    const auto c = pool->take(2 * kMiB, std::chrono::milliseconds{1}, -1);
    std::vector<std::uint64_t> retired;
    pool->collect_retired(retired);
    EXPECT_LE(pool->bytes(), pool->limit_bytes());
    EXPECT_EQ(pool->slots_in_use(), (a ? 1u : 0u) + (b ? 1u : 0u) + (c ? 1u : 0u));
    return true;
  } catch (const Error&) {
    return false;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

TEST(Allocation, AFailureOfAnyOfThemLeaksNothing) {
  exercise_pool();
  const std::size_t descriptors = open_descriptors();
  std::size_t nth = 0;
  do {
    fail_allocation(++nth);
    exercise_pool();
    const bool failed = allocation_failed();
    fail_allocation(0);
    if (!failed) break;
    ASSERT_EQ(open_descriptors(), descriptors) << "allocation " << nth;
    ASSERT_EQ(slot_mappings(), 0u) << "allocation " << nth;
  } while (nth < 100'000);
  EXPECT_GT(nth, 10u);
  EXPECT_LT(nth, 100'000u);
}

TEST(Allocation, AFailureWhileBorrowingLeavesTheCallbackWithTheCaller) {
  const auto queue = ReleaseQueue::create();
  std::atomic<int> runs{0};
  fail_allocation(1);
  EXPECT_THROW(queue->borrow({.run = [](void* hint) noexcept { ++*static_cast<std::atomic<int>*>(hint); }, .hint = &runs}),
               std::bad_alloc);
  fail_allocation(0);
  queue->run_callbacks();
  EXPECT_EQ(runs, 0);
}

}  // namespace
}  // namespace arraywire::memory
