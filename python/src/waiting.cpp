#include "waiting.hpp"

#include "errors.hpp"

#include <arraywire/context_options.hpp>

#include <poll.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

namespace arraywire::python {

Unlocked::~Unlocked() {
  if (_Py_IsFinalizing() != 0 && !at_the_end_) {
    for (;;) ::pause();
  }
  PyEval_RestoreThread(state_);
}

void CallsInside::wait_for_none() const {
  for (int turn = 0; count_ > 0 && turn < 1000; ++turn) {
    const Unlocked unlocked;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

std::chrono::nanoseconds nanoseconds_of(const std::optional<double>& seconds) {
  constexpr double kYears = 3e9;  // about a hundred; for ever, as far as nanoseconds of 64 bits can tell
  if (!seconds) return kForever;
  if (std::isnan(*seconds) || *seconds < 0) raise("InvalidArgument", "a time to wait is None or at least 0 seconds");
  if (*seconds > kYears) return kForever;
  return std::chrono::nanoseconds(std::llround(*seconds * 1e9));
}

Clock::time_point deadline_after(std::chrono::nanoseconds timeout) {
  const auto now = Clock::now();
  return timeout < Clock::time_point::max() - now ? now + timeout : Clock::time_point::max();
}

std::chrono::nanoseconds left_until(Clock::time_point deadline) {
  if (deadline == Clock::time_point::max()) return kForever;
  return std::max<std::chrono::nanoseconds>(deadline - Clock::now(), std::chrono::nanoseconds::zero());
}

std::chrono::nanoseconds slice_before(Clock::time_point deadline) {
  return std::min<std::chrono::nanoseconds>(left_until(deadline), kSlice);
}

void check_signals() {
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

// A signal ends poll, except one that came just before it, or that another thread took: hence the slices.
void wait_readable(std::span<const int> descriptors, std::chrono::nanoseconds timeout) {
  const Unlocked unlocked;
  std::vector<pollfd> polled;
  for (const int descriptor : descriptors) polled.push_back({.fd = descriptor, .events = POLLIN, .revents = 0});
  const timespec left{.tv_sec = timeout.count() / 1'000'000'000, .tv_nsec = timeout.count() % 1'000'000'000};
  static_cast<void>(::ppoll(polled.data(), polled.size(), &left, nullptr));
}

Turn::Turn(Turns& turns, Clock::time_point deadline) : turns_(turns) {
  if (turns.is_ours()) raise("Error", "called by a signal handler in the middle of another call of the same object");
  while (!turns.mutex_.try_lock()) {
    {
      const Unlocked unlocked;
      if (turns.mutex_.try_lock_for(slice_before(deadline))) break;
    }
    check_signals();
    if (Clock::now() >= deadline) raise("Timeout", "another thread was using it all the time");
  }
  turns.holder_ = std::this_thread::get_id();
}

Turn::~Turn() {
  turns_.holder_ = std::thread::id();
  turns_.mutex_.unlock();
}

void Maker::require(const char* what) const {
  if (!is_this_process()) raise("Error", std::string(what) + " of the parent process cannot be used in a forked child");
}

}  // namespace arraywire::python
