// A memory cgroup smaller than the pool. Beyond it the kernel does not refuse, it kills: so the pool must refuse first.
#include "memory/in_child.hpp"
#include "memory/memory_group.hpp"
#include "memory/pool_fixture.hpp"

#include <cstring>
#include <string>
#include <vector>

namespace arraywire::memory {
namespace {

using arraywire::testing::MemoryLimit;

TEST_F(MemoryLimit, IsSeen) {
  const std::string said =
      in_group([] { return std::to_string(default_limit_bytes()) + " " + std::to_string(available_bytes() < kLimit); });
  EXPECT_EQ(said, std::to_string(kLimit / 4) + " 1");
}

TEST_F(MemoryLimit, BelowThePoolIsTooLargeForOneSlotAndNobodyIsKilled) {
  EXPECT_EQ(in_group([]() -> std::string {
              const auto pool = Pool::create(512 * kMiB);
              const auto slot = pool->take(128 * kMiB, kForEver, -1);
              return slot ? "got it" : std::to_string(static_cast<int>(slot.error()));
            }),
            std::to_string(static_cast<int>(PoolError::TooLarge)));
}

TEST_F(MemoryLimit, BelowThePoolIsExhaustedForManySlotsAndEveryByteOfThoseIsThere) {
  EXPECT_EQ(in_group([]() -> std::string {
              const auto pool = Pool::create(512 * kMiB);
              std::vector<Reference> slots;
              for (;;) {
                auto slot = pool->take(8 * kMiB, kNow, -1);
                if (!slot)
                  return slot.error() == PoolError::Exhausted && slots.size() >= 4 ? "exhausted"
                                                                                   : "after " + std::to_string(slots.size());
                // A sanitizer's shadow of the slot would not fit into the group.
                if (!kSanitized) std::memset(slot_in(*slot).bytes().data(), 1, slot_in(*slot).bytes().size());
                slots.push_back(std::move(*slot));
              }
            }),
            "exhausted");
}

TEST_F(MemoryLimit, FreeSlotsMakeRoomForALargerOne) {
  EXPECT_EQ(in_group([]() -> std::string {
              const auto pool = Pool::create(512 * kMiB);
              {
                std::vector<Reference> slots;
                for (int i = 0; i < 6; ++i) slots.push_back(take(*pool, 8 * kMiB));
              }
              const auto large = pool->take(48 * kMiB, kNow, -1);
              return large ? "made room" : "no room";
            }),
            "made room");
}

}  // namespace
}  // namespace arraywire::memory
