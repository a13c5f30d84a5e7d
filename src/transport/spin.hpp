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
    const bool helped = came() || look(came, rest, std::min(deadline, deadline_after(limit_)));
    backoff_ = helped ? 0 : std::min(2 * backoff_ + 1, kMostSkips);
    skips_ = backoff_;
    return helped;
  }

 private:
  template <class Came, class Rest> bool look(Came came, Rest rest, SteadyTime end) {
    SteadyTime now = steady_now();
    for (std::uint32_t looks = 1; now < end; ++looks) {
      const SteadyTime before = now;
      const bool alone = looks <= kLooksAlone;
      if (alone) {
        for (int i = 0; i < kPauses; ++i) pause();
      } else if (shared_ >= patience_) {
        leave_processor();
      } else {
        std::this_thread::yield();  // to whom we wait for, who may have no other processor
      }
      const bool helped = came() || (looks % kLooksAtTheRest == 0 && rest());
      now = steady_now();
      if (helped) {
        note_shared(!alone && now - before > kOthersTurn);
        return true;
      }
    }
    return false;
  }
  // Time after time what we wait for came while a yield gave the processor away: it is made on this one. Where another one is
  // idle the kernel moves neither of us for long, as both have just run; but whom a timer wakes gets the idle one. Where none is,
  // that is found out less and less often.
  void leave_processor() noexcept {
    std::this_thread::sleep_for(std::chrono::nanoseconds{1});
    shared_ = 0;
    patience_ = std::min(2 * patience_, kMostPatience);
  }
  void note_shared(bool shared) noexcept {
    shared_ = shared ? shared_ + 1 : 0;
    if (!shared) patience_ = std::max(patience_ / 2, kPatience);
  }
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

  static constexpr std::chrono::nanoseconds kOthersTurn{1500};  // takes longer; a yield to nobody less
  static constexpr std::uint32_t kPatience = 4, kMostPatience = 4096;

  const std::chrono::nanoseconds limit_;
  std::uint32_t shared_ = 0;  // waits of that kind, one after the other
  std::uint32_t patience_ = kPatience;
  std::uint32_t skips_ = 0;
  std::uint32_t backoff_ = 0;
};

}  // namespace arraywire::transport
