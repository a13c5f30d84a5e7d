// Threads that wait for something to change, each asleep in poll(2) on an eventfd of its own.
#pragma once

#include "memory/waiting.hpp"

#include <memory>
#include <vector>

namespace arraywire::memory {

// One eventfd per thread: with a shared one, the first to read it would eat the wake-up of the others.
// Threads: every function is called under the owner's lock, which is what makes wake_all safe against end(). Eventfds are kept
// for the next wait: no allocation once warm.
class Waiters {
 public:
  EventFd& begin();  // from now on wake_all() wakes it. Throws Error when no eventfd can be had
  void end(const EventFd& event) noexcept;
  void wake_all() noexcept;  // a system call per waiting thread, none when nobody waits

 private:
  std::vector<std::unique_ptr<EventFd>> waiting_{};
  std::vector<std::unique_ptr<EventFd>> spare_{};  // its capacity is kept at waiting_'s, so that end() allocates nothing
};

}  // namespace arraywire::memory
