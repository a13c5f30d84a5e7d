#include "memory/waiters.hpp"

#include <algorithm>
#include <utility>

namespace arraywire::memory {

EventFd& Waiters::begin() {
  waiting_.reserve(waiting_.size() + 1);
  if (spare_.empty()) {
    spare_.reserve(waiting_.size() + 1);
    spare_.push_back(std::make_unique<EventFd>());
  }
  spare_.reserve(waiting_.size() + spare_.size());
  waiting_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  return *waiting_.back();
}

void Waiters::end(const EventFd& event) noexcept {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& waiting) { return waiting.get() == &event; });
  (*found)->clear();  // a wake-up meant for the wait that is over
  spare_.push_back(std::move(*found));
  waiting_.erase(found);
}

void Waiters::wake_all() noexcept {
  for (const auto& event : waiting_) event->set();
}

}  // namespace arraywire::memory
