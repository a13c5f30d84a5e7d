#include "values.hpp"

#include "errors.hpp"
#include "metadata.hpp"

#include <pybind11/stl.h>
#include <initializer_list>
#include <optional>

namespace arraywire::python {

namespace {

template <class... Fields> py::object make(const char* type, Fields&&... fields) {
  return py::module_::import("arraywire._values").attr(type)(std::forward<Fields>(fields)...);
}

std::string_view state_name(SubscriberStatus::State state) noexcept {
  switch (state) {
    case SubscriberStatus::State::Searching: return "searching";
    case SubscriberStatus::State::Connected: return "connected";
    case SubscriberStatus::State::Silent: return "silent";
    case SubscriberStatus::State::Refused: return "refused";
    case SubscriberStatus::State::Ended: return "ended";
  }
  return "unknown";
}

template <class Enum> Enum named(const char* what, std::string_view text, std::initializer_list<Enum> all) {
  std::string known;
  for (const Enum value : all) {
    if (name(value) == text) return value;
    known += (known.empty() ? "" : ", ") + std::string(name(value));
  }
  raise("InvalidArgument", std::string(what) + " '" + std::string(text) + "' is none of " + known);
}

py::object to_python(const ConsumerStatistics& s) {
  return make("ConsumerStatistics", s.name, s.pid, name(s.lane), s.lane_reason, s.sent, s.taken, s.missed, s.leased);
}

}  // namespace

py::object to_python(const Event& e, std::uint64_t lost_before) {
  return make("Event", name(e.kind), e.stream, e.peer, e.detail, lost_before);
}

py::object to_python(const Published& p) { return make("Published", p.sequence, p.receivers, p.missed, p.copies); }
py::object to_python(const FinishReport& r) { return make("FinishReport", r.complete, r.unfinished, r.untaken); }

py::object to_python(const PublisherStatistics& s) {
  py::list consumers;
  for (const ConsumerStatistics& consumer : s.consumers) consumers.append(to_python(consumer));
  return make("PublisherStatistics", s.published, s.copies, s.abandoned, s.dropped_peer_messages, s.pool_bytes, s.slots,
              consumers, s.waiting_for);
}

py::object to_python(const SubscriberStatistics& s) {
  return make("SubscriberStatistics", s.taken, s.bytes, s.missed, s.gaps, s.malformed, s.copies);
}

py::object to_python(const SubscriberStatus& s) {
  return make("SubscriberStatus", state_name(s.state), s.where, s.reason, name(s.lane), s.queue, s.hold, s.silent_for.count(),
              s.waiting, s.unreleased, to_string(s));
}

py::object to_python(const StreamInfo& s) { return make("StreamInfo", s.name, s.pid, s.user, s.endpoints, s.consumers); }

py::object to_python(const MessageInfo& i, Lane lane) {
  std::optional<std::int64_t> latency_ns;
  if (i.latency) latency_ns = i.latency->count();
  return make("MessageInfo", i.sequence, i.published.time_since_epoch().count(), latency_ns, i.missed_before, i.gap_before,
              i.from_history, i.attempt, i.has_checksum, name(lane), to_python(static_cast<const Metadata&>(i)));
}

WhenFull when_full_from(std::string_view text) {
  return named("when_full", text, {WhenFull::Automatic, WhenFull::Block, WhenFull::DropNewest, WhenFull::Latest});
}
LaneChoice lane_from(std::string_view text) {
  return named("lane", text, {LaneChoice::Automatic, LaneChoice::SharedMemory, LaneChoice::Inline});
}
Delivery delivery_from(std::string_view text) { return named("delivery", text, {Delivery::FanOut, Delivery::Distribute}); }

Accounts accounts_from(const Names& users, const Names& groups) {
  const auto texts = [](const Names& names) {
    std::vector<std::string> all;
    for (const auto& name : names) all.push_back(name.index() == 0 ? std::to_string(std::get<0>(name)) : std::get<1>(name));
    return all;
  };
  return {.users = texts(users), .groups = texts(groups)};
}

}  // namespace arraywire::python
