// Waiting from Python: without the GIL, and never deaf to signals.
#pragma once

#include <pybind11/pybind11.h>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

namespace arraywire::python {

namespace py = pybind11;
using Clock = std::chrono::steady_clock;

// How long a wait may be deaf to signals where nothing wakes it.
inline constexpr std::chrono::milliseconds kSlice{50};

// Without the GIL while it lives. A thread that comes back when the interpreter is ending stays here for ever: the interpreter
// would end it by an unwinding that no destructor survives. CallsInside makes that the exception.
class Unlocked {
 public:
  Unlocked() noexcept : at_the_end_(_Py_IsFinalizing() != 0), state_(PyEval_SaveThread()) {}
  ~Unlocked();
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  bool at_the_end_;  // then it is the thread that ends the interpreter
  PyThreadState* state_;
};

// How many calls of a context's publishers and subscribers may be without the GIL. With the GIL.
class CallsInside {
 public:
  class Call {
   public:
    explicit Call(CallsInside& calls) noexcept : calls_(calls) { ++calls_.count_; }
    ~Call() { --calls_.count_; }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    CallsInside& calls_;
  };
  // Until there are none, a few seconds at most. For the end of the interpreter, when they were told to end.
  void wait_for_none() const;

 private:
  int count_ = 0;
};

// Python's None or seconds.
std::chrono::nanoseconds nanoseconds_of(const std::optional<double>& seconds);
Clock::time_point deadline_after(std::chrono::nanoseconds timeout);
std::chrono::nanoseconds left_until(Clock::time_point deadline);  // never negative; kForever when there is none
// Until the deadline, but a slice at most; never negative.
std::chrono::nanoseconds slice_before(Clock::time_point deadline);

// Runs pending signal handlers if this is the main thread; throws what they raise.
void check_signals();
// Sleeps until a descriptor is readable, the time is up or a signal came. Without the GIL.
void wait_readable(std::span<const int> descriptors, std::chrono::nanoseconds timeout);

// Whose turn it is with a publisher or subscriber, each of which serves one thread at a time.
class Turns {
 public:
  bool is_ours() const noexcept { return holder_ == std::this_thread::get_id(); }

 private:
  friend class Turn;
  std::timed_mutex mutex_;
  std::atomic<std::thread::id> holder_{};
};

// A turn. Concurrency: the mutex is never waited for with the GIL held, and its holder may want the GIL: so neither waits for the
// other.
class Turn {
 public:
  // Throws Timeout, what a signal handler raises, and Error when the turn is this thread's already: a signal handler's call, in
  // the middle of the call that it interrupted.
  explicit Turn(Turns& turns, Clock::time_point deadline = Clock::time_point::max());
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Turns& turns_;
};

// Which process made an object: a forked child has a copy, whose locks and threads are not its own.
class Maker {
 public:
  bool is_this_process() const noexcept { return pid_ == ::getpid(); }
  void require(const char* what) const;  // throws

 private:
  pid_t pid_ = ::getpid();
};

}  // namespace arraywire::python
