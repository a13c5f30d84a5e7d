// Waiting: eventfds and poll(2) with a deadline.
#pragma once

#include "core/clock.hpp"

#include <initializer_list>
#include <span>

namespace arraywire::transport {

// A level that threads can wait for. set and clear are async-signal-safe. Threads: any.
class EventFd {
 public:
  EventFd();  // throws Error
  ~EventFd();
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  void set() noexcept;
  void clear() noexcept;

 private:
  int descriptor_ = -1;
};

// True when one of the descriptors is readable, false at the deadline. Signals do not end it early.
bool wait_readable(std::span<const int> descriptors, SteadyTime deadline);

}  // namespace arraywire::transport
