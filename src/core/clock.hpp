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

// now + timeout without overflow: "for ever" is SteadyTime::max().
inline SteadyTime deadline_after(SteadyTime now, std::chrono::nanoseconds timeout) noexcept {
  if (timeout <= std::chrono::nanoseconds::zero()) return now;
  return timeout >= SteadyTime::max() - now ? SteadyTime::max() : now + timeout;
}

}  // namespace arraywire
