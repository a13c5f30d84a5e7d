// Waiting: eventfds and poll(2) with a deadline.
#pragma once

#include "core/clock.hpp"
#include "memory/descriptor.hpp"

#include <span>

namespace arraywire::memory {

// A level that threads can wait for. set and clear are async-signal-safe. Threads: any.
class EventFd {
 public:
  EventFd();  // throws Error

  int descriptor() const noexcept { return descriptor_.get(); }
  void set() noexcept;
  void clear() noexcept;

 private:
  Descriptor descriptor_;
};

// True when one of the descriptors is readable, false at the deadline. Signals do not end it early. -1 is none.
bool wait_readable(std::span<const int> descriptors, SteadyTime deadline);
inline bool is_readable(int descriptor) { return wait_readable({&descriptor, 1}, SteadyTime::min()); }

}  // namespace arraywire::memory
