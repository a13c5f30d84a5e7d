#include "transport/book_model.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace arraywire::transport::testing {

namespace {

void require(bool holds, const char* rule) {
  if (!holds) throw std::logic_error(rule);
}

bool contains(const std::vector<std::uint64_t>& numbers, std::uint64_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

}  // namespace

std::string to_string(const Step& step) {
  static constexpr const char* kNames[] = {"publish",   "join",       "return", "leave",        "close",
                                           "reconnect", "return-old", "waive",  "begin-finish", "force-ends"};
  return std::string(kNames[static_cast<std::size_t>(step.kind)]) + "(" + std::to_string(step.seat) + "," +
         std::to_string(step.flags) + ")";
}

// ---- one session

std::uint64_t Consumer::untaken() const {
  return static_cast<std::uint64_t>(
      std::count_if(deliveries.begin(), deliveries.end(), [](const Delivered& d) { return !d.taken; }));
}

std::uint64_t Consumer::unreleased() const {
  return static_cast<std::uint64_t>(
      std::count_if(deliveries.begin(), deliveries.end(), [](const Delivered& d) { return !d.released; }));
}

std::uint64_t Consumer::room() const {
  const std::uint64_t queue = terms.grant.queue, bound = queue + terms.grant.hold;
  if (untaken() >= queue || unreleased() >= bound) return 0;
  return std::min(queue - untaken(), bound - unreleased());
}

void Consumer::take(std::uint64_t through) {
  for (std::size_t i = 0; i < through && i < deliveries.size(); ++i) {
    if (std::exchange(deliveries[i].taken, true)) continue;
    ++got;
    told_missed += deliveries[i].missed_before;
    position = deliveries[i].sequence;
  }
  if (end && untaken() == 0) {
    told_missed += end->missed;
    position = end->last_sequence;
    end.reset();
  }
}

// ---- all of them

BookModel::BookModel(const BookSetup& setup) : consumers(setup.seats.size()), setup_(setup) {
  for (std::size_t i = 0; i < consumers.size(); ++i) consumers[i].terms = setup.seats[i];
}

Consumer* BookModel::find(Id id) {
  for (Consumer& c : consumers) {
    if (c.open && c.id == id) return &c;
  }
  for (Consumer& c : old) {
    if (c.id == id) return &c;
  }
  return nullptr;
}

void BookModel::send(Consumer& c, std::uint64_t sequence, bool from_history) {
  const std::uint64_t missed = sequence - c.last_sent() - 1;
  c.deliveries.push_back({.sequence = sequence, .missed_before = missed});
  expected_.push_back(
      {.session = c.id,
       .stamp = {.delivery = c.deliveries.size(), .sequence = sequence, .missed_before = missed, .from_history = from_history}});
}

void BookModel::send_end(Consumer& c) {
  c.ended = true;
  c.end = wire::End{.last_sequence = published, .missed = distributes() ? 0 : published - c.last_sent()};
  if (!distributes()) expected_.push_back({.session = c.id, .end = *c.end});
  c.take(0);  // an End is seen when nothing before it waits
}

void BookModel::offer(Consumer& c) {
  const bool latest = c.terms.when_full == WhenFull::Latest;
  if (c.can_send() && (!latest || c.wants)) {
    send(c, published, false);
    c.wants = false;
    ++outcome.receivers;
  } else if (latest) {
    c.waiting = published;  // what was kept before is missed: it is not among the deliveries, and nothing else remembers it
    c.waiting_is_history = false;
    ++outcome.receivers;
  } else if (c.terms.when_full == WhenFull::Block && !c.waived) {
    c.waiting = published;
  } else {
    ++outcome.missed;
  }
}

void BookModel::publish() {
  ++published;
  outcome = {};
  if (distributes()) {
    outcome.receivers = 1;
    orphans.push_back({.sequence = published});
    return;
  }
  for (Consumer& c : consumers) {
    if (c.open && !c.ended) offer(c);
  }
}

void BookModel::advance(Consumer& c) {
  if (!c.open || c.ended || distributes()) return;
  const bool block = c.terms.when_full == WhenFull::Block;
  if (c.waiting != 0 && c.can_send() && (block || c.wants || finishing)) {
    send(c, std::exchange(c.waiting, 0), c.waiting_is_history);
    c.waiting_is_history = c.wants = false;
    if (block) ++outcome.receivers;
  }
  if (finishing && c.waiting == 0) send_end(c);
}

Opened BookModel::open(std::size_t seat, Id id, const Predecessor& before) {
  leave(before.session, {before.held.begin(), before.held.end()});
  Consumer& c = consumers[seat];
  const std::uint64_t known = before.sequence.value_or(0);
  std::uint64_t first = published + 1;
  const std::uint64_t most = c.terms.when_full == WhenFull::Latest ? 1 : c.terms.grant.queue;
  if (!distributes()) {
    while (first > 1 && first - 1 > known && published - (first - 1) < std::min<std::uint64_t>(setup_.history, most)) --first;
  }
  const Opened opened{.sequence = first - 1,
                      .missed = !distributes() && before.sequence && known < first - 1 ? first - 1 - known : 0};
  c = Consumer{.id = id,
               .terms = c.terms,
               .open = true,
               .begins_after = opened.sequence,
               .missed_at_start = opened.missed,
               .origin = c.origin,
               .position = opened.sequence,
               .got = c.got,
               .told_missed = c.told_missed + opened.missed};
  if (c.terms.when_full == WhenFull::Latest && first <= published) {
    c.waiting = published;
    c.waiting_is_history = true;
  } else {
    for (; first <= published; ++first) send(c, first, true);
  }
  advance(c);
  return opened;
}

// A delivery that was not completed.
void BookModel::give_up(Consumer& c, std::size_t index, bool attempted, bool rejected) {
  Delivered& d = c.deliveries[index];
  d.released = true;
  if (!distributes()) return;
  if (attempted && d.attempt == 3) {
    ++abandoned;
  } else {
    orphans.push_back(
        {.sequence = d.sequence, .attempt = d.attempt + (attempted ? 1 : 0), .rejected_by = rejected ? c.id : Id{}});
  }
}

void BookModel::close(Id id) { end(id, {}, true); }

void BookModel::leave(Id id, const std::vector<std::uint64_t>& held) { end(id, held, false); }

void BookModel::end(Id id, const std::vector<std::uint64_t>& held, bool died) {
  Consumer* c = find(id);
  if (c == nullptr) return;
  for (std::size_t i = 0; i < c->deliveries.size(); ++i) {
    if (!c->deliveries[i].released && !(leases(c->terms) && contains(held, i + 1))) {
      give_up(*c, i, died || c->deliveries[i].taken, false);
    }
  }
  if (c->open) {
    if (c->waiting != 0 && c->terms.when_full == WhenFull::Block) ++outcome.missed;
    c->waiting = 0;
    if (c->unreleased() > 0) {
      old.push_back(*c);
      old.back().open = false;
    }
    c->open = false;
  } else {
    std::erase_if(old, [](const Consumer& o) { return o.unreleased() == 0; });
  }
}

std::uint32_t BookModel::returned(Id id, const wire::Return& message) {
  Consumer* c = find(id);
  if (c == nullptr) return static_cast<std::uint32_t>(1 + message.released.size() + message.rejected.size());
  std::uint32_t unknown = 0;
  if (message.taken_through > c->deliveries.size()) {
    ++unknown;
  } else {
    if (message.taken_through > c->deliveries.size() - c->untaken()) c->waived = false;
    c->take(message.taken_through);
  }
  const auto back = [&](std::uint64_t number, bool rejected) {
    if (number == 0 || number > c->deliveries.size() || c->deliveries[number - 1].released) {
      ++unknown;
    } else if (rejected) {
      give_up(*c, number - 1, true, true);
    } else {
      c->deliveries[number - 1].released = true;
    }
  };
  for (const std::uint64_t number : message.released) back(number, false);
  for (const std::uint64_t number : message.rejected) back(number, true);
  if (message.want) c->wants = true;
  if (message.ended && !c->ended) ++unknown;
  if (message.ended && c->ended) c->end_told = true;
  advance(*c);
  std::erase_if(old, [](const Consumer& o) { return o.unreleased() == 0; });
  return unknown;
}

std::uint32_t BookModel::waive() {
  std::uint32_t waived = 0;
  for (Consumer& c : consumers) {
    if (!c.open || c.waiting == 0 || c.terms.when_full != WhenFull::Block) continue;
    c.waiting = 0;
    c.waived = true;
    ++outcome.missed;
    ++waived;
    advance(c);
  }
  return waived;
}

void BookModel::begin_finish() {
  finishing = true;
  for (Consumer& c : consumers) advance(c);
}

void BookModel::force_ends() {
  begin_finish();
  forced = true;
  for (Consumer& c : consumers) {
    if (!c.open || c.ended) continue;
    if (c.waiting != 0 && c.terms.when_full == WhenFull::Block) ++outcome.missed;
    c.waiting = 0;
    send_end(c);
  }
}

// ---- what the book decided

bool BookModel::eligible(const Consumer& c, const Orphan& orphan) const {
  const auto other = [&](const Consumer& o) { return o.open && o.id != orphan.rejected_by; };
  const bool others = std::any_of(consumers.begin(), consumers.end(), other);
  return c.can_send() && !(others && c.id == orphan.rejected_by);
}

bool BookModel::all_released() const {
  const auto released = [](const Consumer& c) { return !c.open || c.unreleased() == 0; };
  return orphans.empty() && old.empty() && std::all_of(consumers.begin(), consumers.end(), released);
}

void BookModel::follow_data(const Outgoing& out) {
  Consumer* c = find(out.session);
  require(c != nullptr && c->open, "nothing is sent to a session that is gone");
  require(!c->ended, "nothing is sent after an End");
  const auto at = std::find_if(orphans.begin(), orphans.end(), [&](const Orphan& o) { return o.sequence == out.stamp.sequence; });
  require(at != orphans.end(), "a message is with one session at a time");
  require(eligible(*c, *at), "a message goes to a session that can be sent to, not to who rejected it while there are others");
  for (auto before = orphans.begin(); before != at; ++before) {
    require(!eligible(*c, *before), "a message that came back goes first");
  }
  for (const Consumer& o : consumers) {
    require(!eligible(o, *at) || o.room() <= c->room(), "the session with most room gets it");
  }
  require(out.stamp.attempt == at->attempt, "a delivery names its attempt");
  require(out.stamp.delivery == c->deliveries.size() + 1, "deliveries are numbered from 1 without gaps");
  require(out.stamp.missed_before == 0 && !out.stamp.from_history, "distribute misses nothing and has no history");
  c->deliveries.push_back({.sequence = at->sequence, .attempt = at->attempt});
  orphans.erase(at);
}

void BookModel::follow_end(const Outgoing& out) {
  Consumer* c = find(out.session);
  require(c != nullptr && c->open, "no End to a session that is gone");
  require(!std::exchange(c->end_seen, true), "one End to each session");
  require(c->ended || all_released(), "End is sent when everything is released");
  require(finishing, "no End before the stream finishes");
  require(out.end == wire::End{.last_sequence = published}, "End names the last message");
  c->ended = true;
}

void BookModel::follow(std::vector<Outgoing> outgoing) {
  const auto by_session = [](const Outgoing& a, const Outgoing& b) { return a.session < b.session; };
  if (distributes()) {
    for (const Outgoing& out : outgoing) out.message ? follow_data(out) : follow_end(out);
    for (const Orphan& orphan : orphans) {
      for (const Consumer& c : consumers) require(!eligible(c, orphan), "what waits goes out as soon as somebody can take it");
    }
    for (const Consumer& c : consumers) {
      require(!c.ended || c.end_seen || !c.open, "an End that is due is sent");
      require(!finishing || !c.open || c.ended || !all_released(), "End comes when all is released");
    }
    return;
  }
  std::stable_sort(outgoing.begin(), outgoing.end(), by_session);
  std::stable_sort(expected_.begin(), expected_.end(), by_session);
  require(outgoing.size() == expected_.size(), "as much is sent as the rules say");
  for (std::size_t i = 0; i < outgoing.size(); ++i) {
    const Outgoing& is = outgoing[i];
    const Outgoing& should = expected_[i];
    require(is.session == should.session, "to the sessions that the rules say");
    require(bool(is.message) == (should.stamp.delivery > 0), "an End where the rules say");
    if (is.message) {
      require(is.stamp == should.stamp, "with the stamp that the rules say");
      require(is.message->sequence == is.stamp.sequence, "the message that its stamp names");
    } else {
      require(is.end == should.end, "with the End that the rules say");
    }
  }
  expected_.clear();
}

// ---- what it must say

bool BookModel::needs_slot() const {
  const auto needs = [](const Consumer& c) {
    const bool keeps = c.terms.when_full == WhenFull::Latest && !(c.wants && c.room() > 0);
    return c.open && (c.terms.lane == Lane::SharedMemory || keeps);
  };
  return setup_.history > 0 || std::any_of(consumers.begin(), consumers.end(), needs);
}

bool BookModel::has_taker() const {
  return !distributes() || std::any_of(consumers.begin(), consumers.end(), [](const Consumer& c) { return c.can_send(); });
}

bool BookModel::finished() const {
  const auto done = [&](const Consumer& c) {
    return !c.open || (c.end_told && (distributes() ? c.unreleased() : c.untaken()) == 0);
  };
  return orphans.empty() && (!distributes() || old.empty()) && std::all_of(consumers.begin(), consumers.end(), done);
}

std::vector<std::uint64_t> BookModel::referenced() const {
  std::vector<std::uint64_t> all;
  const auto leased = [&](const Consumer& c) {
    for (const Delivered& d : c.deliveries) {
      if (!d.released && leases(c.terms)) all.push_back(d.sequence);
    }
  };
  for (const Consumer& c : consumers) {
    if (c.open) leased(c);
    if (c.open && c.waiting != 0) all.push_back(c.waiting);
  }
  for (const Consumer& c : old) leased(c);
  for (const Orphan& o : orphans) all.push_back(o.sequence);
  for (std::uint64_t i = 0; !distributes() && i < setup_.history && i < published; ++i) all.push_back(published - i);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::string BookModel::state() const {
  std::string s = std::to_string(published) + (finishing ? "f" : "") + (forced ? "F" : "") + std::to_string(abandoned);
  const auto add = [&](const Consumer& c) {
    s += "|" + std::to_string(c.id.high) + (c.open ? "o" : "") + (c.ended ? "e" : "") + (c.end_told ? "E" : "") +
         (c.wants ? "w" : "") + (c.waived ? "v" : "") + std::to_string(c.begins_after) + "," + std::to_string(c.waiting) +
         (c.waiting_is_history ? "h" : "") + "," + std::to_string(c.position);
    for (const Delivered& d : c.deliveries)
      s += ":" + std::to_string(d.sequence) + char('a' + d.attempt) + (d.taken ? 't' : '-') + (d.released ? 'r' : '-');
  };
  for (const Consumer& c : consumers) add(c);
  s += "/";
  for (const Consumer& c : old) add(c);
  for (const Orphan& o : orphans)
    s += ";" + std::to_string(o.sequence) + "," + std::to_string(o.attempt) + "," + std::to_string(o.rejected_by.high);
  return s;
}

}  // namespace arraywire::transport::testing
