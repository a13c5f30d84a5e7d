// A critical section of PublisherCore.
#pragma once

#include "transport/publisher_core.hpp"

#include <utility>
#include <vector>

namespace arraywire::transport {

// Ends as every one must: what the book decided is sent, ZMQ_EVENTS is read, the publishing thread is woken if it waits for what
// happened, and only then the mutex is let go and the application hears of events.
class ARRAYWIRE_TSA(scoped_lockable) PublisherCore::Section {
 public:
  explicit Section(PublisherCore& core, Tell events = Tell::Now) ARRAYWIRE_TSA(acquire_capability(core.mutex_))
      : core_(core), events_(events) {
    core_.mutex_.lock();
  }
  ~Section() ARRAYWIRE_TSA(release_capability()) { end(); }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

 private:
  void end() ARRAYWIRE_TSA(no_thread_safety_analysis) {
    core_.settle();
    std::vector<Event> events;
    if (events_ == Tell::Now) events.swap(core_.events_);
    core_.mutex_.unlock();
    for (const Event& event : events) core_.service_.events()->emit(event);
  }

  PublisherCore& core_;
  const Tell events_;
};

}  // namespace arraywire::transport
