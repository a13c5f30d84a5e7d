#include "transport/book.hpp"

#include <algorithm>
#include <utility>

namespace arraywire::transport {

// ---- room

std::uint64_t DeliveryBook::room(const Session& s) const {
  const std::uint64_t untaken = s.last_delivery - s.taken_through;
  const std::uint64_t unreleased = s.unreleased.size();
  const std::uint64_t bound = std::uint64_t{s.terms.grant.queue} + s.terms.grant.hold;
  if (untaken >= s.terms.grant.queue || unreleased >= bound) return 0;
  return std::min(s.terms.grant.queue - untaken, bound - unreleased);
}

bool DeliveryBook::has_room(const Session& s) const { return !s.leaving && room(s) > 0; }

std::uint64_t DeliveryBook::slots_granted(const Predecessor& leaves) const {
  std::uint64_t slots = history_limit_;
  for (const auto& [id, s] : sessions_) {
    if (s.leaving || id == leaves.session) {
      slots += s.leaving ? s.unreleased.size() : leases(s) ? std::min(leaves.held.size(), s.unreleased.size()) : 0;
    } else {
      slots += s.terms.grant.queue + (leases(s) ? s.terms.grant.hold : 0);
    }
  }
  return slots;
}

std::optional<Grant> DeliveryBook::grant(Grant wanted, Lane lane, std::uint64_t budget_slots, const Predecessor& before) const {
  const std::uint64_t used = slots_granted(before) + 2;  // two loans in the application's hands
  const std::uint64_t free = budget_slots > used ? budget_slots - used : 0;
  const bool holds_slots = delivery_ == Delivery::Distribute || lane == Lane::SharedMemory;
  if (!holds_slots) {
    wanted.queue = static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted.queue, free));
    return wanted.queue > 0 ? std::optional(wanted) : std::nullopt;
  }
  if (free < 2) return std::nullopt;
  while (std::uint64_t{wanted.queue} + wanted.hold > free) --(wanted.queue > wanted.hold ? wanted.queue : wanted.hold);
  return wanted;
}

// ---- sessions

// The first history entry that a joiner gets; history_.size() = none.
std::size_t DeliveryBook::history_start(const Terms& terms, const Predecessor& before) const {
  const auto after = [&](const MessagePtr& m) { return m->sequence > before.sequence.value_or(0); };
  const auto first = static_cast<std::size_t>(std::find_if(history_.begin(), history_.end(), after) - history_.begin());
  const std::size_t most = terms.when_full == WhenFull::Latest ? 1 : terms.grant.queue;
  return std::max(first, history_.size() > most ? history_.size() - most : 0);
}

Opened DeliveryBook::open(Id id, const Terms& terms, const Predecessor& before) {
  // What it held is given to others when this session is among them: see redeliver().
  vacate(before.session, before.held, Parting::InGoodOrder);
  Session& s = sessions_[id];
  s.terms = terms;
  s.unreleased.reserve(std::size_t{terms.grant.queue} + terms.grant.hold);
  ++open_sessions_;

  const std::size_t start = history_start(terms, before);
  Opened opened{.sequence = start < history_.size() ? history_[start]->sequence - 1 : sequence_};
  const bool counts = delivery_ == Delivery::FanOut && before.sequence && *before.sequence < opened.sequence;
  if (counts) opened.missed = opened.sequence - *before.sequence;
  s.missed = opened.missed;
  for (std::size_t i = start; i < history_.size(); ++i) {
    if (terms.when_full == WhenFull::Latest) {
      s.kept = history_[i];
      s.kept_from_history = true;
    } else {
      send(id, s, history_[i], 1, true);
    }
  }
  redeliver();
  advance_all();
  return opened;
}

void DeliveryBook::close(Id id) { end(id, {}, Parting::Lost); }

void DeliveryBook::leave(Id id, std::span<const std::uint64_t> held) { end(id, held, Parting::InGoodOrder); }

void DeliveryBook::end(Id id, std::span<const std::uint64_t> held, Parting parting) {
  vacate(id, held, parting);
  redeliver();
  advance_all();
}

void DeliveryBook::vacate(Id id, std::span<const std::uint64_t> held, Parting parting) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  Session& s = found->second;
  drop_pending(s);
  s.kept = {};
  if (!s.leaving) --open_sessions_;
  s.leaving = true;
  const auto stays = [&](const Delivered& d) { return d.message && std::find(held.begin(), held.end(), d.number) != held.end(); };
  for (Delivered& d : s.unreleased) {
    if (stays(d)) continue;
    const bool tried = parting == Parting::Lost || d.number <= s.taken_through;
    take_back(std::exchange(d, {}), tried ? 1 : 0, {});
  }
  std::erase_if(s.unreleased, [](const Delivered& d) { return !d.message; });
  if (s.unreleased.empty()) sessions_.erase(found);
}

void DeliveryBook::drop_pending(Session& s) {
  if (!s.pending) return;
  s.pending = {};
  --waiting_;
  ++outcome_.missed;
}

SessionCounts DeliveryBook::counts(Id id) const {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return {};
  const Session& s = found->second;
  const auto leased = std::count_if(s.unreleased.begin(), s.unreleased.end(), [](const Delivered& d) { return bool(d.message); });
  return {.sent = s.last_delivery,
          .taken = s.taken_through,
          .missed = s.missed,
          .leased = static_cast<std::uint32_t>(leased),
          .pending = bool(s.pending),
          .complete = is_complete(s)};
}

// ---- returns

std::uint32_t DeliveryBook::returned(Id id, const wire::Return& message) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return static_cast<std::uint32_t>(message.released.size() + message.rejected.size() + 1);
  Session& s = found->second;
  std::uint32_t unknown = 0;
  if (message.taken_through > s.last_delivery) {
    ++unknown;
  } else if (message.taken_through > s.taken_through) {
    s.taken_through = message.taken_through;
    s.waived = false;
  }
  for (const std::uint64_t number : message.released) unknown += release(id, s, number, false) ? 0 : 1;
  for (const std::uint64_t number : message.rejected) unknown += release(id, s, number, true) ? 0 : 1;
  if (message.want) s.wants = true;
  if (message.ended) s.end_sent ? static_cast<void>(s.end_arrived = true) : static_cast<void>(++unknown);
  if (s.leaving && s.unreleased.empty()) sessions_.erase(found);
  if (delivery_ == Delivery::Distribute) {
    redeliver();
    advance_all();  // the last release of all lets every session's End go
  } else if (const auto still = sessions_.find(id); still != sessions_.end()) {
    advance(id, still->second);
  }
  return unknown;
}

bool DeliveryBook::release(Id id, Session& s, std::uint64_t number, bool rejected) {
  const auto at = std::lower_bound(s.unreleased.begin(), s.unreleased.end(), number,
                                   [](const Delivered& d, std::uint64_t n) { return d.number < n; });
  if (at == s.unreleased.end() || at->number != number) return false;
  Delivered delivered = std::move(*at);
  s.unreleased.erase(at);
  if (rejected) take_back(std::move(delivered), 1, id);
  return true;
}

// A delivery that was not completed: in distribute somebody else gets it, up to kMaxAttempts.
void DeliveryBook::take_back(Delivered delivered, std::uint32_t attempts, Id rejected_by) {
  if (delivery_ != Delivery::Distribute || !delivered.message) return;
  const std::uint32_t next = delivered.attempt + attempts;
  if (next > kMaxAttempts) {
    ++abandoned_;
    return;
  }
  redeliveries_.push_back({std::move(delivered.message), next, rejected_by});
}

// ---- sending

void DeliveryBook::send(Id id, Session& s, const MessagePtr& message, std::uint32_t attempt, bool from_history) {
  const wire::Stamp stamp{.delivery = ++s.last_delivery,
                          .sequence = message->sequence,
                          .missed_before = std::exchange(s.missed_unreported, 0),
                          .attempt = attempt,
                          .from_history = from_history};
  s.unreleased.push_back({stamp.delivery, attempt, leases(s) ? message : MessagePtr{}});
  outgoing_.push_back({.session = id, .message = message, .stamp = stamp});
}

void DeliveryBook::miss(Session& s) {
  ++s.missed;
  ++s.missed_unreported;
}

DeliveryBook::Sessions::iterator DeliveryBook::roomiest(Id except) {
  auto best = sessions_.end();
  for (auto it = sessions_.begin(); it != sessions_.end(); ++it) {
    const Session& s = it->second;
    if (it->first == except || s.end_sent || !has_room(s)) continue;
    const auto better = [&](const Session& than) {
      return room(s) != room(than) ? room(s) > room(than) : s.last_delivery < than.last_delivery;
    };
    if (best == sessions_.end() || better(best->second)) best = it;
  }
  return best;
}

void DeliveryBook::redeliver() {
  for (auto it = redeliveries_.begin(); it != redeliveries_.end();) {
    // Whoever rejected it gets it again only when there is nobody else at all.
    const bool others = open_sessions_ > (sessions_.contains(it->rejected_by) ? 1U : 0U);
    const auto target = roomiest(others ? it->rejected_by : Id{});
    if (target == sessions_.end()) {
      ++it;
      continue;
    }
    send(target->first, target->second, it->message, it->attempt, false);
    it = redeliveries_.erase(it);
  }
}

// Room may have come, or a wish: what waits for this session goes to it, oldest first.
void DeliveryBook::advance(Id id, Session& s) {
  if (s.leaving) return;
  if (s.pending && has_room(s)) {
    send(id, s, s.pending, 1, false);
    s.pending = {};
    --waiting_;
    ++outcome_.receivers;
  }
  if (s.kept && (s.wants || finishing_) && has_room(s)) {
    send(id, s, s.kept, 1, s.kept_from_history);
    s.kept = {};
    s.wants = false;
  }
  if (may_end(s)) send_end(id, s);
}

void DeliveryBook::advance_all() {
  for (auto& [id, s] : sessions_) advance(id, s);
}

bool DeliveryBook::needs_slot() const {
  if (history_limit_ > 0) return true;
  return std::any_of(sessions_.begin(), sessions_.end(), [&](const auto& entry) {
    const Session& s = entry.second;
    if (s.leaving) return false;
    return s.terms.lane == Lane::SharedMemory || (s.terms.when_full == WhenFull::Latest && !(s.wants && has_room(s)));
  });
}

bool DeliveryBook::keeps_any() const {
  return !redeliveries_.empty() ||
         std::any_of(sessions_.begin(), sessions_.end(), [](const auto& e) { return bool(e.second.kept); });
}

bool DeliveryBook::has_taker() { return delivery_ == Delivery::FanOut || roomiest({}) != sessions_.end(); }

void DeliveryBook::offer(Id id, Session& s, const MessagePtr& message) {
  if (s.terms.when_full == WhenFull::Latest ? s.wants && has_room(s) : has_room(s)) {
    s.wants = false;
    send(id, s, message, 1, false);
    ++outcome_.receivers;
  } else if (s.terms.when_full == WhenFull::Latest) {
    if (s.kept) miss(s);
    s.kept = message;
    s.kept_from_history = false;
    ++outcome_.receivers;
  } else if (s.terms.when_full == WhenFull::Block && !s.waived) {
    s.pending = message;
    ++waiting_;
  } else {
    miss(s);
    ++outcome_.missed;
  }
}

std::uint64_t DeliveryBook::publish(MessagePtr message) {
  message->sequence = ++sequence_;
  outcome_ = {};
  if (delivery_ == Delivery::Distribute) {
    const auto target = roomiest({});
    send(target->first, target->second, message, 1, false);
    outcome_.receivers = 1;
    return sequence_;
  }
  for (auto& [id, s] : sessions_) {
    if (!s.leaving && !s.end_sent) offer(id, s, message);
  }
  if (history_limit_ > 0) {
    if (history_.size() == history_limit_) history_.erase(history_.begin());
    history_.push_back(std::move(message));
  }
  return sequence_;
}

std::vector<Id> DeliveryBook::waive() {
  std::vector<Id> waived;
  for (auto& [id, s] : sessions_) {
    if (!s.pending) continue;
    drop_pending(s);
    miss(s);
    s.waived = true;
    waived.push_back(id);
    advance(id, s);  // its End may have waited for this
  }
  return waived;
}

// ---- the end

bool DeliveryBook::all_released() const {
  return redeliveries_.empty() &&
         std::all_of(sessions_.begin(), sessions_.end(), [](const auto& e) { return e.second.unreleased.empty(); });
}

bool DeliveryBook::may_end(const Session& s) const {
  return finishing_ && !s.end_sent && !s.kept && !s.pending && (delivery_ == Delivery::FanOut || all_released());
}

void DeliveryBook::send_end(Id id, Session& s) {
  s.end_sent = true;
  outgoing_.push_back({.session = id, .end = {.last_sequence = sequence_, .missed = std::exchange(s.missed_unreported, 0)}});
}

void DeliveryBook::begin_finish() {
  finishing_ = true;
  redeliver();
  advance_all();
}

void DeliveryBook::force_ends() {
  begin_finish();
  for (auto& [id, s] : sessions_) {
    if (s.leaving || s.end_sent) continue;
    if (s.kept || s.pending) miss(s);
    s.kept = {};
    drop_pending(s);
    send_end(id, s);
  }
}

bool DeliveryBook::is_complete(const Session& s) const {
  if (s.leaving) return delivery_ == Delivery::FanOut;
  return s.end_arrived && (delivery_ == Delivery::FanOut ? s.taken_through == s.last_delivery : s.unreleased.empty());
}

bool DeliveryBook::finished() const {
  return redeliveries_.empty() &&
         std::all_of(sessions_.begin(), sessions_.end(), [&](const auto& e) { return is_complete(e.second); });
}

}  // namespace arraywire::transport
