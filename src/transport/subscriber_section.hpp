// A critical section of SubscriberCore.
#pragma once

#include "transport/subscriber_core.hpp"

#include <utility>
#include <vector>

namespace arraywire::transport {

// Ends as every one must: see settle(). Whatever was given back while the mutex was held is sent before it is let go, and what is
// given back in the instant between is sent by whoever gets the mutex next, which is us if nobody else wants it.
class ARRAYWIRE_TSA(scoped_lockable) SubscriberCore::Section {
 public:
  explicit Section(SubscriberCore& core, Tell events = Tell::Now) ARRAYWIRE_TSA(acquire_capability(core.mutex_))
      : core_(core), events_(events) {
    core_.mutex_.lock();
  }
  ~Section() ARRAYWIRE_TSA(release_capability()) { end(core_, events_); }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  // With the mutex held; without it afterwards.
  static void end(SubscriberCore& core, Tell when = Tell::Now) ARRAYWIRE_TSA(no_thread_safety_analysis) {
    do {
      core.settle();
      std::vector<Event> events;
      if (when == Tell::Now) events.swap(core.events_);
      const auto sink = core.events_sink_;
      core.mutex_.unlock();
      for (const Event& event : events) sink->emit(event);
    } while (core.any_given_back_.load() && core.mutex_.try_lock());
  }

 private:
  SubscriberCore& core_;
  const Tell events_;
};

// A critical section that only looks: it has nothing to end with but what was given back meanwhile, which must not wait for the
// next Section.
class ARRAYWIRE_TSA(scoped_lockable) SubscriberCore::Look {
 public:
  explicit Look(SubscriberCore& core) ARRAYWIRE_TSA(acquire_capability(core.mutex_)) : core_(core) { core_.mutex_.lock(); }
  ~Look() ARRAYWIRE_TSA(release_capability()) {
    core_.mutex_.unlock();
    if (core_.any_given_back_.load())
      core_.send_given_back(Tell::Later);  // whoever only looks may hold a lock that the callback takes
  }
  Look(const Look&) = delete;
  Look& operator=(const Look&) = delete;

 private:
  SubscriberCore& core_;
};

}  // namespace arraywire::transport
