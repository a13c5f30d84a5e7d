// Looking again for a while before sleeping.
#pragma once

#include "core/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>

namespace arraywire::transport {

// Waking a sleeper costs 5 to 50 us, where the next message may be nearer than that. Where it was not, spinning is tried less and
// less often, so that waits that are always long cost next to nothing. Threads: one at a time.
class Spin {
 public:
  explicit Spin(std::chrono::nanoseconds limit) noexcept : limit_(limit) {}

  // Asked once before each wait.
  bool worthwhile() noexcept {
    if (limit_ <= limit_.zero()) return false;
    if (skips_ == 0) return true;
    --skips_;
    return false;
  }
  // Calls came() over and over, and now and then rest(), which may be slow, until one of them says true, for as long as the limit
  // says at most. False: neither did.
  template <class Came, class Rest> bool until(Came came, Rest rest, SteadyTime deadline) {
    const SteadyTime end = std::min(deadline, deadline_after(limit_));
    bool helped = came();
    for (std::uint32_t looks = 1; !helped && steady_now() < end; ++looks) {
      if (looks <= kLooksAlone) {
        for (int i = 0; i < kPauses; ++i) pause();
      } else {
        std::this_thread::yield();  // to whom we wait for, who may have no other processor
      }
      helped = came() || (looks % kLooksAtTheRest == 0 && rest());
    }
    backoff_ = helped ? 0 : std::min(2 * backoff_ + 1, kMostSkips);
    skips_ = backoff_;
    return helped;
  }

 private:
  static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  static constexpr int kPauses = 8;                     // about 0.2 us
  static constexpr std::uint32_t kLooksAlone = 10;      // before others may have the processor
  static constexpr std::uint32_t kLooksAtTheRest = 32;  // one of so many, about 6 us apart
  static constexpr std::uint32_t kMostSkips = 63;

  const std::chrono::nanoseconds limit_;
  std::uint32_t skips_ = 0;
  std::uint32_t backoff_ = 0;
};

}  // namespace arraywire::transport
