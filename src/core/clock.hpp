// The two clocks. Time-outs use the steady one; the wall clock is only ever reported.
#pragma once

#include "arraywire/metadata.hpp"

#include <chrono>
#include <cstdint>

namespace arraywire {

using SteadyTime = std::chrono::steady_clock::time_point;

inline SteadyTime steady_now() noexcept { return std::chrono::steady_clock::now(); }
inline std::int64_t steady_ns(SteadyTime t) noexcept {  // CLOCK_MONOTONIC: comparable between processes of one boot
  return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
}
inline Timestamp wall_now() noexcept {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

// From now on, without overflow. Looking at the clock takes about as long as a mutex: none left is SteadyTime::min(), "for ever"
// (more than a century) SteadyTime::max(), and neither looks.
inline SteadyTime deadline_after(std::chrono::nanoseconds timeout) noexcept {
  if (timeout <= std::chrono::nanoseconds::zero()) return SteadyTime::min();
  constexpr std::chrono::nanoseconds kAges = std::chrono::years{100};
  return timeout >= kAges ? SteadyTime::max() : steady_now() + timeout;
}
inline bool has_passed(SteadyTime deadline) noexcept {
  return deadline == SteadyTime::min() || (deadline != SteadyTime::max() && steady_now() >= deadline);
}

}  // namespace arraywire
