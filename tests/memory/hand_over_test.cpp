// A slot that sessions have still costs memory after the pool gave it back, so it counts until they have unmapped it.
#include "memory/pool_fixture.hpp"

#include <chrono>
#include <thread>
#include <vector>

namespace arraywire::memory {
namespace {

using namespace std::chrono_literals;

std::vector<std::uint64_t> retired(Pool& pool) {
  std::vector<std::uint64_t> ids;
  pool.collect_retired(ids);
  return ids;
}

TEST(HandOver, NamesTheSlotItsSizeAndItsDescriptor) {
  const auto pool = Pool::create(4 * kMiB);
  const Reference reference = take(*pool, kMiB);
  const auto file = pool->hand_over(slot_in(reference));
  EXPECT_EQ(file->id, slot_in(reference).id());
  EXPECT_EQ(file->bytes, kMiB);
  EXPECT_EQ(file->descriptor.get(), slot_in(reference).descriptor());
}

TEST(HandOver, OfAllCoversFreeAndUsedSlots) {
  const auto pool = Pool::create(4 * kMiB);
  const Reference used = take(*pool, kMiB);
  { const Reference free = take(*pool, kMiB); }
  EXPECT_EQ(pool->hand_over_all().size(), 2u);
}

TEST(HandOver, AnUnlentSlotThatGoesIsNobodysBusiness) {
  const auto pool = Pool::create(4 * kMiB);
  take(*pool, kMiB);
  const Reference large = take(*pool, 4 * kMiB);
  EXPECT_TRUE(retired(*pool).empty());
}

TEST(HandOver, AShrunkStreamsSlotCountsUntilEverySessionHasUnmappedIt) {
  const auto pool = Pool::create(64 * kMiB);
  std::uint64_t id = 0;
  {
    const Reference large = take(*pool, 16 * kMiB);
    id = slot_in(large).id();
    pool->hand_over(slot_in(large));
    pool->hand_over(slot_in(large));
  }
  for (int i = 0; i < 70; ++i) take(*pool, kMiB);
  EXPECT_EQ(retired(*pool), std::vector{id});
  EXPECT_TRUE(retired(*pool).empty());  // told once
  EXPECT_EQ(pool->slots(), 1u);
  EXPECT_EQ(pool->bytes(), 17 * kMiB);
  pool->unmapped(id);
  EXPECT_EQ(pool->bytes(), 17 * kMiB);
  pool->unmapped(id);
  EXPECT_EQ(pool->bytes(), kMiB);
  pool->unmapped(id);  // too often, or of a slot that never was: nothing happens
  pool->unmapped(12345);
  EXPECT_EQ(pool->bytes(), kMiB);
}

TEST(HandOver, ATakeThatNeedsTheRoomWaitsForTheSessions) {
  const auto pool = Pool::create(4 * kMiB);
  std::uint64_t id = 0;
  {
    const Reference small = take(*pool, 2 * kMiB);
    id = slot_in(small).id();
    pool->hand_over(slot_in(small));
  }
  EXPECT_EQ(pool->take(4 * kMiB, kNow, -1).error(), PoolError::Exhausted);
  EXPECT_EQ(retired(*pool), std::vector{id});
  std::thread session([&] {
    std::this_thread::sleep_for(20ms);
    pool->unmapped(id);
  });
  EXPECT_TRUE(pool->take(4 * kMiB, kForEver, -1).has_value());
  session.join();
}

TEST(HandOver, ASessionThatEndedBeforeTheSlotWentDoesNotCount) {
  const auto pool = Pool::create(4 * kMiB);
  {
    const Reference small = take(*pool, 2 * kMiB);
    pool->hand_over(slot_in(small));
    pool->unmapped(slot_in(small).id());
  }
  EXPECT_TRUE(pool->take(4 * kMiB, kNow, -1).has_value());
  EXPECT_TRUE(retired(*pool).empty());
}

}  // namespace
}  // namespace arraywire::memory
