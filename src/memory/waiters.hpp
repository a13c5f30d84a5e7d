// Threads that wait for something to change, each asleep in poll(2) on an eventfd of its own.
#pragma once

#include "core/clock.hpp"
#include "memory/descriptor.hpp"

#include <vector>

namespace arraywire::memory {

// One eventfd per thread: with a shared one, the first to read it would eat the wake-up of the others.
// Threads: every function is called under the owner's lock, which is what makes wake_all safe against end(). Eventfds are kept
// for the next wait: no allocation once warm.
class Waiters {
 public:
  Descriptor begin();  // from now on wake_all() wakes it. Throws Error when no eventfd can be had
  void end(Descriptor event) noexcept;
  void wake_all() noexcept;  // a system call per waiting thread, none when nobody waits

 private:
  std::vector<int> waiting_{};
  std::vector<Descriptor> spare_{};  // its capacity is kept at waiting_'s, so that end() allocates nothing
};

enum class Wake : unsigned char { Woken, Late, Stopped };
// Sleeps until `event` is written, `stop_fd` is readable (-1 = none) or the deadline is reached. May return Woken for nothing.
// Call it without a lock.
Wake wait_for(int event, int stop_fd, SteadyTime deadline) noexcept;

}  // namespace arraywire::memory
