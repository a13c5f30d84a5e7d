// Short names for what every test of the pool does.
#pragma once

#include "memory/pool.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>

namespace arraywire::memory {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;
inline constexpr std::chrono::nanoseconds kNow{0};
inline constexpr std::chrono::nanoseconds kForEver = std::chrono::nanoseconds::max();

inline Slot& slot_in(const Reference& reference) { return *static_cast<Slot*>(reference.get()); }

// A slot that must be had.
inline Reference take(Pool& pool, std::size_t bytes) {
  auto taken = pool.take(bytes, kNow, -1);
  if (!taken) {
    ADD_FAILURE() << "no slot of " << bytes << " bytes: PoolError " << static_cast<int>(taken.error());
    return {};
  }
  return std::move(*taken);
}

}  // namespace arraywire::memory
