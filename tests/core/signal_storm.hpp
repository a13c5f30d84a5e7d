// 10,000 signals a second, without SA_RESTART: every system call that can be interrupted is, sooner or later.
#pragma once

#include <sys/time.h>

#include <atomic>
#include <csignal>

namespace arraywire::testing {

class SignalStorm {
 public:
  SignalStorm() {
    signals() = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { signals().fetch_add(1, std::memory_order_relaxed); };
    ::sigaction(SIGALRM, &action, &before_);
    const itimerval interval{{0, 100}, {0, 100}};
    ::setitimer(ITIMER_REAL, &interval, nullptr);
  }
  ~SignalStorm() {
    const itimerval none{};
    ::setitimer(ITIMER_REAL, &none, nullptr);
    ::sigaction(SIGALRM, &before_, nullptr);
  }
  SignalStorm(const SignalStorm&) = delete;
  SignalStorm& operator=(const SignalStorm&) = delete;

  static std::atomic<unsigned>& signals() {
    static std::atomic<unsigned> count{0};
    static_assert(std::atomic<unsigned>::is_always_lock_free);
    return count;
  }

 private:
  struct sigaction before_ {};
};

}  // namespace arraywire::testing
