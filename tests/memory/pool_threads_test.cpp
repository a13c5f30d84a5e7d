// Runs under ThreadSanitizer too: that is what proves the claims in pool.hpp.
#include "memory/pool_fixture.hpp"

#include <atomic>
#include <cstring>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace arraywire::memory {
namespace {

// Marks the whole slot as its own and sees whether anybody else does.
bool belongs_to_one(Slot& slot, unsigned char mark) {
  const auto bytes = slot.bytes();
  std::memset(bytes.data(), mark, bytes.size());
  std::this_thread::yield();
  for (std::size_t i = 0; i < bytes.size(); i += 509) {
    if (bytes[i] != std::byte{mark}) return false;
  }
  return true;
}

TEST(PoolThreads, NobodyShareASlotAndTheLimitHolds) {
  constexpr std::size_t kLimit = 512 * kKiB;
  const auto pool = Pool::create(kLimit);
  std::atomic<int> done{0}, taken{0};
  const auto work = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < 400; ++i) {
      const auto slot = pool->take(random() % (128 * kKiB), std::chrono::seconds{60}, -1);
      if (!slot) continue;
      ++taken;
      EXPECT_TRUE(belongs_to_one(slot_in(*slot), static_cast<unsigned char>(seed)));
    }
    ++done;
  };
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed) threads.emplace_back(work, seed);
  while (done < 4) {
    EXPECT_LE(pool->bytes(), kLimit);
    std::this_thread::yield();
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(taken, 1600);
  EXPECT_EQ(pool->slots_in_use(), 0u);
  EXPECT_LE(pool->bytes(), kLimit);
}

TEST(PoolThreads, NoWaiterIsForgotten) {
  const auto pool = Pool::create(128 * kKiB);
  std::vector<std::thread> threads;
  std::atomic<int> taken{0};
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) taken += pool->take(64 * kKiB, kForEver, -1).has_value() ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();  // hangs, and is killed by the watchdog, if a wake-up is lost
  EXPECT_EQ(taken, 1800);
}

TEST(PoolThreads, SlotsReturnFromThreadsThatNeverTookThem) {
  const auto pool = Pool::create(256 * kKiB);
  std::mutex mutex;
  std::vector<Reference> passed;
  std::atomic<bool> finished{false};
  std::thread dropper([&] {  // as zmq's I/O thread does
    while (!finished) {
      std::vector<Reference> mine;
      {
        const std::lock_guard lock(mutex);
        mine.swap(passed);
      }
      mine.clear();
      std::this_thread::yield();
    }
  });
  for (int i = 0; i < 2000; ++i) {
    auto slot = pool->take(64 * kKiB, kForEver, -1);
    ASSERT_TRUE(slot);
    slot_in(*slot).bytes()[0] = static_cast<std::byte>(i);
    const std::lock_guard lock(mutex);
    passed.push_back(std::move(*slot));
  }
  finished = true;
  dropper.join();
  passed.clear();
  EXPECT_EQ(pool->slots_in_use(), 0u);
}

TEST(PoolThreads, HandOverAndGivingBackGoOnTogether) {
  const auto pool = Pool::create(kMiB);
  std::atomic<bool> finished{false};
  std::thread session([&] {
    while (!finished) {
      for (const auto& file : pool->hand_over_all()) pool->unmapped(file->id);
      std::vector<std::uint64_t> retired;
      pool->collect_retired(retired);
    }
  });
  for (std::size_t i = 0; i < 500; ++i) {
    const auto slot = pool->take((i % 5 + 1) * 200 * kKiB % kMiB + 1, kForEver, -1);
    ASSERT_TRUE(slot);
  }
  finished = true;
  session.join();
  EXPECT_LE(pool->bytes(), kMiB);
}

}  // namespace
}  // namespace arraywire::memory
