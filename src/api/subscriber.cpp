#include "arraywire/subscriber.hpp"

#include "core/clock.hpp"
#include "memory/waiting.hpp"
#include "transport/service.hpp"
#include "transport/subscriber_core.hpp"

#include <array>
#include <utility>
#include <vector>

namespace arraywire {

class Subscriber::Impl {
 public:
  Impl(Context& context, std::string_view source, SubscriberOptions options)
      : service(context.service()),
        core(std::make_shared<transport::SubscriberCore>(*service, std::string(source), std::move(options))) {
    service->add(core);
  }
  ~Impl() { core->leave(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const std::shared_ptr<transport::Service> service;
  const std::shared_ptr<transport::SubscriberCore> core;
};

Subscriber::Subscriber(Context& context, std::string_view source, SubscriberOptions options)
    : impl_(std::make_unique<Impl>(context, source, std::move(options))) {}
Subscriber::~Subscriber() = default;

Result<Sample, TakeError> Subscriber::take(std::chrono::nanoseconds timeout) {
  const auto taken = impl_->core->take(deadline_after(timeout));
  if (!taken) return taken.error();
  return Sample(*taken);
}

Result<MessageInfo, TakeError> Subscriber::take_into(const ArrayView& target, std::chrono::nanoseconds timeout) {
  const auto next = impl_->core->peek(deadline_after(timeout));
  if (!next) return next.error();
  const wire::Data& data = (*next)->data;
  const bool fits = data.specs.size() == 1 && data.specs[0].dtype == target.dtype() && data.specs[0].shape == target.shape();
  if (!fits) return TakeError::WrongSpec;
  auto sample = take(std::chrono::nanoseconds::zero());
  if (!sample) return sample.error();
  copy_elements(sample->array(), target);
  impl_->core->count_copy();
  return sample->info();
}

int Subscriber::descriptor() const noexcept {
  impl_->core->watch_always();
  return impl_->core->descriptor();
}
SubscriberStatus Subscriber::status() const { return impl_->core->status(); }
SubscriberStatistics Subscriber::statistics() const { return impl_->core->statistics(); }
Metadata Subscriber::stream_metadata() const { return impl_->core->stream_metadata(); }
std::string Subscriber::stream() const { return impl_->core->stream(); }

std::optional<std::size_t> wait_any(std::span<Subscriber* const> subscribers, std::chrono::nanoseconds timeout) {
  if (subscribers.empty()) return std::nullopt;
  const SteadyTime deadline = deadline_after(timeout);
  const transport::Service& service = *subscribers.front()->impl_->service;
  std::vector<int> descriptors;
  for (const Subscriber* s : subscribers) descriptors.push_back(s->impl_->core->descriptor());
  for (bool last = has_passed(deadline);; last = !memory::wait_readable(descriptors, deadline) || has_passed(deadline)) {
    if (service.stopped()) return std::nullopt;
    std::optional<std::size_t> longest;  // of those that are ready, the one from which nothing was taken for longest
    for (std::size_t i = 0; i < subscribers.size(); ++i) {
      transport::SubscriberCore& core = *subscribers[i]->impl_->core;
      if (!core.ready()) continue;
      if (!longest || core.last_taken() < subscribers[*longest]->impl_->core->last_taken()) longest = i;
    }
    if (longest || last) return longest;
  }
}

std::string_view describe(TakeError error) noexcept {
  switch (error) {
    case TakeError::Timeout: return "nothing arrived in time";
    case TakeError::Ended: return "the stream ended";
    case TakeError::HoldingAll: return "every sample that may be held is unreleased";
    case TakeError::Refused: return "the publisher refused this subscriber";
    case TakeError::WrongSpec: return "the message is of another dtype or shape";
    case TakeError::Stopped: return "stopped";
  }
  return "unknown";
}

std::string to_string(const SubscriberStatus& status) {
  using State = SubscriberStatus::State;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(status.silent_for).count();
  switch (status.state) {
    case State::Searching: return "no publisher yet; looking in " + status.where;
    case State::Connected:
      return "connected to " + status.where + ", lane " + std::string(name(status.lane)) + " (" + status.reason + "), " +
             std::to_string(status.waiting) + " waiting, " + std::to_string(status.unreleased) + " unreleased";
    case State::Silent: return "nothing heard from " + status.where + " for " + std::to_string(seconds) + " s";
    case State::Refused: return "refused by " + status.where + ": " + status.reason;
    case State::Ended: return "the stream ended; waiting at " + status.where + " for its next publisher";
  }
  return "unknown";
}

}  // namespace arraywire
