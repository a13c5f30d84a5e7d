#include "memory/pool.hpp"

#include "arraywire/error.hpp"
#include "memory/in_child.hpp"
#include "memory/pool_fixture.hpp"

#include <sys/eventfd.h>

#include <cstdint>
#include <set>
#include <thread>
#include <vector>

namespace arraywire::memory {
namespace {

using arraywire::testing::open_descriptors;
using arraywire::testing::slot_mappings;
using namespace std::chrono_literals;

TEST(Pool, GivesASlotForNoBytesAtAll) {
  const auto pool = Pool::create(kMiB);
  EXPECT_EQ(slot_in(take(*pool, 0)).bytes().size(), page_bytes());
}

TEST(Pool, UsesAReturnedSlotAgainAtTheSameAddress) {
  const auto pool = Pool::create(16 * kMiB);
  const std::byte* first = slot_in(take(*pool, kMiB)).bytes().data();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(slot_in(take(*pool, kMiB)).bytes().data(), first);
  EXPECT_EQ(pool->slots(), 1u);
}

TEST(Pool, NumbersSlotsFromOneAndNeverReusesANumber) {
  const auto pool = Pool::create(2 * kMiB);
  std::set<std::uint64_t> ids;
  for (std::size_t i = 0; i < 10; ++i)
    EXPECT_TRUE(ids.insert(slot_in(take(*pool, i % 2 == 0 ? 2 * kMiB : kMiB / 4)).id()).second);
  EXPECT_EQ(*ids.begin(), 1u);
}

TEST(Pool, ChoosesTheSmallestSlotThatSuits) {
  const auto pool = Pool::create(16 * kMiB);
  { const Reference large = take(*pool, 3 * kMiB), medium = take(*pool, 2 * kMiB); }
  EXPECT_EQ(slot_in(take(*pool, 2 * kMiB - 10)).bytes().size(), 2 * kMiB);
  EXPECT_EQ(pool->slots(), 2u);
}

TEST(Pool, DoesNotSpendAHugeSlotOnASmallArrayWhileThereIsRoom) {
  const auto pool = Pool::create(16 * kMiB);
  take(*pool, 8 * kMiB);
  EXPECT_EQ(slot_in(take(*pool, kMiB)).bytes().size(), kMiB);
}

TEST(Pool, SpendsALargerSlotWhenThereIsNoRoomForAnother) {
  const auto pool = Pool::create(9 * kMiB);
  pool->reserve(8 * kMiB, 1);
  const Reference other = take(*pool, kMiB);
  EXPECT_EQ(slot_in(take(*pool, kMiB)).bytes().size(), 8 * kMiB);
}

TEST(Pool, CountsWhatItHas) {
  const auto pool = Pool::create(16 * kMiB);
  EXPECT_EQ(pool->limit_bytes(), 16 * kMiB);
  Reference one = take(*pool, kMiB);
  const Reference two = take(*pool, 2 * kMiB);
  EXPECT_EQ(pool->bytes(), 3 * kMiB);
  EXPECT_EQ(pool->slots(), 2u);
  EXPECT_EQ(pool->slots_in_use(), 2u);
  one = {};
  EXPECT_EQ(pool->slots(), 2u);
  EXPECT_EQ(pool->slots_in_use(), 1u);
}

TEST(Pool, CountsASlotAsUsedUntilItsLastReferenceIsGone) {
  const auto pool = Pool::create(kMiB);
  Reference first = take(*pool, 1);
  Reference second = first;
  first = {};
  EXPECT_EQ(pool->slots_in_use(), 1u);
  Block* given = second.release();
  EXPECT_FALSE(second);
  EXPECT_EQ(pool->slots_in_use(), 1u);
  given->drop();
  EXPECT_EQ(pool->slots_in_use(), 0u);
}

TEST(Pool, SaysExhaustedAtItsLimitAndRecoversAtTheFirstReturn) {
  const auto pool = Pool::create(4 * kMiB);
  std::vector<Reference> all;
  for (int i = 0; i < 4; ++i) all.push_back(take(*pool, kMiB));
  EXPECT_EQ(pool->take(kMiB, kNow, -1).error(), PoolError::Exhausted);
  EXPECT_EQ(pool->take(kMiB, 5ms, -1).error(), PoolError::Exhausted);
  all.pop_back();
  EXPECT_TRUE(pool->take(kMiB, kNow, -1).has_value());
}

TEST(Pool, SaysTooLargeWhenNoWaitingHelps) {
  const auto pool = Pool::create(4 * kMiB);
  EXPECT_EQ(pool->take(4 * kMiB + 1, kForEver, -1).error(), PoolError::TooLarge);
  EXPECT_EQ(pool->take(~std::size_t{0}, kForEver, -1).error(), PoolError::TooLarge);
  pool->reserve(kMiB, 1);
  EXPECT_EQ(pool->take(4 * kMiB, kForEver, -1).error(), PoolError::TooLarge);  // the reserved one never goes
  EXPECT_TRUE(pool->take(4 * kMiB - kMiB, kNow, -1).has_value());
}

TEST(Pool, SaysTooLargeForWhatTheMachineCannotBack) {
  const auto pool = Pool::create(std::size_t{1} << 50);
  EXPECT_EQ(pool->take(std::size_t{1} << 49, kForEver, -1).error(), PoolError::TooLarge);
  EXPECT_EQ(pool->bytes(), 0u);
  EXPECT_TRUE(pool->take(kMiB, kNow, -1).has_value());
}

TEST(Pool, HasRoomForAsManyAsItsLimitIsMeantFor) {
  const std::size_t bytes = 2 * kMiB + page_bytes();  // between two steps of slot_bytes
  ASSERT_GT(slot_bytes(bytes), bytes);
  for (const std::size_t count : {1U, 2U, 3U, 7U, 64U}) {
    const auto pool = Pool::create(count * bytes);
    std::vector<Reference> held;
    while (held.size() < count) held.push_back(take(*pool, bytes));
    EXPECT_EQ(pool->take(bytes, kNow, -1).error(), PoolError::Exhausted) << count;
    EXPECT_EQ(pool->bytes(), count * bytes);
  }
}

TEST(Pool, RoundsSlotsUpWhereThatCostsNone) {
  const std::size_t bytes = 2 * kMiB + page_bytes();
  const auto pool = Pool::create(2 * slot_bytes(bytes));
  EXPECT_EQ(slot_in(take(*pool, bytes)).bytes().size(), slot_bytes(bytes));
}

TEST(Pool, MakesRoomForGrownArraysByGivingSmallSlotsBack) {
  const auto pool = Pool::create(4 * kMiB);
  {
    std::vector<Reference> small;
    for (int i = 0; i < 4; ++i) small.push_back(take(*pool, kMiB));
  }
  const Reference large = take(*pool, 3 * kMiB);
  EXPECT_LE(pool->bytes(), 4 * kMiB);
  EXPECT_EQ(pool->slots(), 2u);
}

TEST(Pool, GivesSlotsBackAfterArraysShrank) {
  const auto pool = Pool::create(64 * kMiB);
  { const Reference a = take(*pool, 16 * kMiB), b = take(*pool, 16 * kMiB); }
  for (int i = 0; i < 70; ++i) take(*pool, kMiB);
  EXPECT_EQ(pool->bytes(), kMiB);
  EXPECT_EQ(slot_mappings(), 1u);
}

TEST(Pool, KeepsBothSizesOfAStreamThatAlternates) {
  const auto pool = Pool::create(64 * kMiB);
  const std::uint64_t small = slot_in(take(*pool, kMiB)).id(), large = slot_in(take(*pool, 16 * kMiB)).id();
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(slot_in(take(*pool, kMiB)).id(), small);
    if (i % 20 == 0) {
      EXPECT_EQ(slot_in(take(*pool, 16 * kMiB)).id(), large);
    }
  }
}

TEST(Pool, KeepsSparesOfASizeInUse) {
  const auto pool = Pool::create(64 * kMiB);
  {
    std::vector<Reference> burst;
    for (int i = 0; i < 5; ++i) burst.push_back(take(*pool, kMiB));
  }
  for (int i = 0; i < 200; ++i) take(*pool, kMiB);
  EXPECT_EQ(pool->slots(), 5u);
}

TEST(Pool, ReservedSlotsStayAtTheirAddressesAndComeFirst) {
  const auto pool = Pool::create(16 * kMiB);
  take(*pool, kMiB);  // an ordinary one of that size
  pool->reserve(kMiB, 2);
  EXPECT_EQ(pool->slots(), 3u);
  std::set<const std::byte*> addresses;
  {
    const Reference a = take(*pool, kMiB), b = take(*pool, kMiB);
    addresses = {slot_in(a).bytes().data(), slot_in(b).bytes().data()};
  }
  for (int i = 0; i < 100; ++i) take(*pool, 15 * kMiB - kMiB);  // nobody wants them, and room is wanted
  EXPECT_EQ(pool->slots(), 3u);
  const Reference a = take(*pool, kMiB), b = take(*pool, kMiB);
  EXPECT_EQ((std::set<const std::byte*>{slot_in(a).bytes().data(), slot_in(b).bytes().data()}), addresses);
}

TEST(Pool, ReservesAllOrNothing) {
  const auto pool = Pool::create(4 * kMiB);
  try {
    pool->reserve(kMiB, 5);
    FAIL() << "5 MiB fit into 4";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::NoMemory);
    EXPECT_NE(std::string(error.what()).find(std::to_string(4 * kMiB)), std::string::npos) << error.what();
  }
  EXPECT_EQ(pool->bytes(), 0u);
  EXPECT_THROW(pool->reserve(5 * kMiB, 1), Error);
  EXPECT_NO_THROW(pool->reserve(kMiB, 4));
}

TEST(Pool, StopEndsAWaitWithoutEnd) {
  const auto pool = Pool::create(kMiB);
  const Reference only = take(*pool, kMiB);
  const Descriptor stop(::eventfd(0, EFD_CLOEXEC));
  std::thread stopper([&] {
    std::this_thread::sleep_for(20ms);
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(stop.get(), &one, sizeof one), 8);
  });
  EXPECT_EQ(pool->take(kMiB, kForEver, stop.get()).error(), PoolError::Stopped);
  stopper.join();
  EXPECT_EQ(pool->take(kMiB, kNow, stop.get()).error(), PoolError::Stopped);
}

TEST(Pool, ADropOnAnotherThreadEndsAWaitWithoutEnd) {
  const auto pool = Pool::create(kMiB);
  Reference only = take(*pool, kMiB);
  std::thread dropper([&] {
    std::this_thread::sleep_for(20ms);
    only = {};
  });
  EXPECT_TRUE(pool->take(kMiB, kForEver, -1).has_value());
  dropper.join();
}

TEST(Pool, LivesAsLongAsItsLastSlotAndThenUnmapsEverything) {
  const std::size_t descriptors = open_descriptors();
  auto pool = Pool::create(16 * kMiB);
  Reference used = take(*pool, kMiB);
  take(*pool, 4 * kMiB);
  pool->reserve(2 * kMiB, 1);
  const std::weak_ptr<Pool> watched = pool;
  pool.reset();
  EXPECT_FALSE(watched.expired());
  slot_in(used).bytes()[kMiB - 1] = std::byte{1};
  std::thread([last = std::move(used)]() mutable { last = {}; }).join();
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(slot_mappings(), 0u);
  EXPECT_EQ(open_descriptors(), descriptors);
}

TEST(Pool, HandsOutSlotsWithAnEmptyLayout) {
  const auto pool = Pool::create(kMiB);
  { slot_in(take(*pool, 1)).layout().resize(3); }
  EXPECT_TRUE(slot_in(take(*pool, 1)).layout().empty());
}

TEST(Pool, HasADefaultLimitBelowWhatTheMachineHas) {
  const auto pool = Pool::create(0);
  EXPECT_GT(pool->limit_bytes(), 0u);
  EXPECT_LE(pool->limit_bytes(), memory_bounds("/").limit_bytes / 4 + page_bytes());
}

}  // namespace
}  // namespace arraywire::memory
