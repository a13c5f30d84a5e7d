// When the next frame is due.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

namespace arraywire::producer {

// Deadlines are multiples of the period from one start, so errors do not add up. Frames that are late are sent at once until
// the rate is met again; after a whole second (a stopped process, a blocked consumer) that burst would be old news, and the
// count starts afresh.
class Pacer {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Pacer(double rate_hz) noexcept : period_ns_(rate_hz > 0 ? 1e9L / static_cast<long double>(rate_hz) : 0) {}
  bool paced() const noexcept { return period_ns_ > 0; }

  // Of the next frame; each call is one frame.
  Clock::time_point next(Clock::time_point now) noexcept {
    constexpr std::chrono::seconds kTooLate{1};
    const auto due = start_ + std::chrono::nanoseconds(std::llround(static_cast<long double>(frame_) * period_ns_));
    if (frame_ > 0 && now - due < kTooLate) {
      ++frame_;
      return due;
    }
    start_ = now;
    frame_ = 1;
    return now;
  }

 private:
  long double period_ns_;
  Clock::time_point start_{};
  std::uint64_t frame_ = 0;  // since start_
};

}  // namespace arraywire::producer
