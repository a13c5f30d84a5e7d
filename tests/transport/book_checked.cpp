// The real book beside its model.
#include "transport/book_model.hpp"

#include <algorithm>
#include <stdexcept>

namespace arraywire::transport::testing {

namespace {

void require(bool holds, const char* rule) {
  if (!holds) throw std::logic_error(rule);
}

}  // namespace

class CheckedBook::Payload final : public memory::Block {
 public:
  bool alive = true;

 private:
  void unreferenced() noexcept override { alive = false; }
};

CheckedBook::CheckedBook(const BookSetup& setup) : setup_(setup), book_(setup.delivery, setup.history), model_(setup) {}
CheckedBook::~CheckedBook() = default;

bool CheckedBook::can(const Step& step) const {
  if (step.seat >= model_.consumers.size()) return false;
  const Consumer& c = model_.consumers[step.seat];
  const auto mine = [&](const Consumer& o) { return o.id.high == step.seat + 1U; };
  switch (step.kind) {
    case Step::Kind::Publish: return !model_.finishing && book_.waiting() == 0 && model_.has_taker();
    case Step::Kind::Join: return !c.open;
    case Step::Kind::Return: return c.open;
    case Step::Kind::Leave: return c.open;
    case Step::Kind::Close: return c.open;
    case Step::Kind::Reconnect: return bool(c.id);
    case Step::Kind::ReturnOld: return std::any_of(model_.old.begin(), model_.old.end(), mine);
    case Step::Kind::Waive: return book_.waiting() > 0;
    case Step::Kind::BeginFinish: return !model_.finishing;
    case Step::Kind::ForceEnds: return !model_.forced;
  }
  return false;
}

void CheckedBook::apply(const Step& step) {
  const Consumer& c = model_.consumers[step.seat];
  switch (step.kind) {
    case Step::Kind::Publish: publish(); break;
    case Step::Kind::Join: join(step.seat, {}); break;
    case Step::Kind::Return: give_back(step.seat, step.flags); break;
    case Step::Kind::Close:
      book_.close(c.id);
      model_.close(c.id);
      break;
    case Step::Kind::Leave: {
      std::vector<std::uint64_t> held;
      for (std::size_t i = 0; i < c.deliveries.size() && (step.flags & kTakeOne) != 0; ++i) {
        if (c.deliveries[i].taken && !c.deliveries[i].released) held.push_back(i + 1);
      }
      book_.leave(c.id, held);
      model_.leave(c.id, held);
      break;
    }
    case Step::Kind::Reconnect: reconnect(step.seat, (step.flags & kLost) != 0); break;
    case Step::Kind::ReturnOld: give_back_old(step.seat, step.flags); break;
    case Step::Kind::Waive: require(book_.waive().size() == model_.waive(), "waive names whom publish waited for"); break;
    case Step::Kind::BeginFinish:
      book_.begin_finish();
      model_.begin_finish();
      break;
    case Step::Kind::ForceEnds:
      book_.force_ends();
      model_.force_ends();
      break;
  }
  follow();
}

void CheckedBook::follow() {
  std::vector<Outgoing> outgoing;
  outgoing.swap(book_.outgoing());
  model_.follow(std::move(outgoing));
}

void CheckedBook::publish() {
  require(book_.needs_slot() == model_.needs_slot(), "needs_slot tells whether borrowed memory will not do");
  require(book_.has_taker(), "has_taker tells whether somebody has room");
  payloads_.push_back(std::make_unique<Payload>());
  MessagePtr message = shelf_.fetch();
  message->frames.push_back({{}, memory::Reference(payloads_.back().get())});
  require(book_.publish(std::move(message)) == payloads_.size(), "messages are numbered from 1 without gaps");
  model_.publish();
}

void CheckedBook::join(std::size_t seat, const Predecessor& before) {
  Consumer& c = model_.consumers[seat];
  const Id id{seat + 1, ++generation_};
  if (!before.session) c = Consumer{.terms = c.terms};
  const Opened is = book_.open(id, setup_.seats[seat], before);
  const Opened should = model_.open(seat, id, before);
  require(is.sequence == should.sequence && is.missed == should.missed, "a session is told where it begins and what it missed");
  if (!before.session) model_.consumers[seat].origin = is.sequence;
}

void CheckedBook::reconnect(std::size_t seat, bool lost) {
  Consumer& c = model_.consumers[seat];
  if (!lost) c.take(c.deliveries.size());  // it had arrived: the consumer has it, although it did not say so
  std::vector<std::uint64_t> held;
  for (std::size_t i = 0; i < c.deliveries.size(); ++i) {
    if (c.deliveries[i].taken && !c.deliveries[i].released) held.push_back(i + 1);
  }
  c.end.reset();
  join(seat, {.session = c.id, .sequence = c.position, .held = held});
}

void CheckedBook::give_back(std::size_t seat, std::uint8_t flags) {
  const Consumer& c = model_.consumers[seat];
  const std::uint64_t taken = c.deliveries.size() - c.untaken();
  wire::Return message{.taken_through = taken, .want = (flags & kWant) != 0, .ended = (flags & kTakeAll) != 0 && c.ended};
  if ((flags & kTakeAll) != 0) message.taken_through = c.deliveries.size();
  if ((flags & kTakeOne) != 0) message.taken_through = std::min<std::uint64_t>(taken + 1, c.deliveries.size());
  std::vector<std::uint64_t> held;
  for (std::size_t i = 0; i < message.taken_through; ++i) {
    if (!c.deliveries[i].released) held.push_back(i + 1);
  }
  auto& back = (flags & kReject) != 0 ? message.rejected : message.released;
  if ((flags & kReleaseOldest) != 0 && !held.empty()) back.push_back(held.front());
  if ((flags & kReleaseNewest) != 0 && !held.empty() && (back.empty() || back.front() != held.back()))
    back.push_back(held.back());
  for (std::size_t i = 0; i < c.deliveries.size() && (flags & kAgain) != 0; ++i) {
    if (c.deliveries[i].released) message.released.push_back(i + 1);
  }
  if ((flags & kNonsense) != 0) {
    message.taken_through = c.deliveries.size() + 7;
    message.released = {0, c.deliveries.size() + 1};
    message.rejected = {~std::uint64_t{0}};
    message.ended = true;
  }
  require(book_.returned(c.id, message) == model_.returned(c.id, message), "what names nothing outstanding is counted");
}

void CheckedBook::give_back_old(std::size_t seat, std::uint8_t flags) {
  const auto mine = [&](const Consumer& o) { return o.id.high == seat + 1U; };
  const Consumer& c = *std::find_if(model_.old.begin(), model_.old.end(), mine);
  const auto first = std::find_if(c.deliveries.begin(), c.deliveries.end(), [](const Delivered& d) { return !d.released; });
  wire::Return message;
  ((flags & kReject) != 0 ? message.rejected : message.released)
      .push_back(static_cast<std::uint64_t>(first - c.deliveries.begin()) + 1);
  const Id id = c.id;
  require(book_.returned(id, message) == model_.returned(id, message), "what a session that left still holds can be returned");
}

void CheckedBook::check_session(const Consumer& c) const {
  const SessionCounts counts = book_.counts(c.id);
  const bool leases = model_.leases(c.terms);
  require(book_.knows(c.id), "an open session is known");
  require(counts.sent == c.deliveries.size() && counts.taken == counts.sent - c.untaken(), "sent and taken are counted");
  require(c.untaken() <= c.terms.grant.queue, "no more waits to be taken than the queue");
  require(c.unreleased() <= std::uint64_t{c.terms.grant.queue} + c.terms.grant.hold, "no more is unreleased than queue + hold");
  require(counts.leased == (leases ? c.unreleased() : 0), "a lease is a delivery that holds its slot");
  require(counts.complete == (c.end_told && (model_.distributes() ? c.unreleased() : c.untaken()) == 0),
          "complete: everything was taken, and its End arrived");
  require(counts.pending == (c.waiting != 0 && c.terms.when_full == WhenFull::Block), "pending: publish waits for it");
  if (model_.distributes()) return;
  const std::uint64_t waiting = c.waiting != 0 ? 1 : 0;
  require(counts.missed - c.missed_at_start + counts.sent + waiting == model_.published - c.begins_after,
          "published = sent + missed + kept or pending");
  require(c.got + c.told_missed == c.position - c.origin, "what a consumer got and what it was told it missed is everything");
  if (c.ended && c.untaken() == 0) require(c.position == model_.published, "an End completes the account");
}

void CheckedBook::check() const {
  std::size_t open = 0;
  std::uint32_t waiting = 0;
  for (const Consumer& c : model_.consumers) {
    if (!c.open) continue;
    ++open;
    if (c.waiting != 0 && c.terms.when_full == WhenFull::Block) ++waiting;
    check_session(c);
  }
  for (const Consumer& c : model_.old) {
    require(book_.knows(c.id) && book_.counts(c.id).leased == c.unreleased(),
            "a session that left is known while it holds something");
  }
  require(book_.open_sessions() == open, "open sessions are counted");
  require(book_.waiting() == waiting, "waiting() is the number of sessions that publish waits for");
  require(book_.abandoned() == model_.abandoned, "abandoned messages are counted");
  require(book_.sequence() == model_.published, "sequence() is the last message's");
  require(book_.finished() == model_.finished(), "finished: everyone has everything, or is gone");
  require(book_.outcome().receivers == model_.outcome.receivers && book_.outcome().missed == model_.outcome.missed,
          "the outcome counts");
  const std::vector<std::uint64_t> referenced = model_.referenced();
  for (std::size_t i = 0; i < payloads_.size(); ++i) {
    require(payloads_[i]->alive == std::binary_search(referenced.begin(), referenced.end(), i + 1),
            "a message is held exactly as long as something needs it");
  }
}

void CheckedBook::take_and_release_everything() {
  for (std::uint8_t seat = 0; seat < model_.consumers.size(); ++seat) {
    while (can({Step::Kind::ReturnOld, seat, 0})) apply({Step::Kind::ReturnOld, seat, 0});
    const Consumer& c = model_.consumers[seat];
    while (c.open && (c.untaken() > 0 || c.unreleased() > 0 || (c.ended && !c.end_told)))
      apply({Step::Kind::Return, seat, kTakeAll | kReleaseOldest});
  }
}

void CheckedBook::finish() {
  if (book_.waiting() > 0) apply({Step::Kind::Waive});
  if (!model_.finishing) apply({Step::Kind::BeginFinish});
  for (int round = 0; round < 100 && !model_.finished(); ++round) {
    take_and_release_everything();
    if (!model_.orphans.empty() && can({Step::Kind::Join, 0, 0})) apply({Step::Kind::Join, 0, 0});
  }
  check();
  require(book_.finished() || (model_.forced && !model_.orphans.empty()), "a stream ends once everyone takes");
  take_and_release_everything();
  for (const Consumer& c : model_.consumers) {
    if (c.open) apply({Step::Kind::Close, static_cast<std::uint8_t>(c.id.high - 1), 0});
  }
  check();
  require(book_.open_sessions() == 0, "nobody is left");
}

}  // namespace arraywire::transport::testing
