// The publisher's sessions: how they begin, what they say, how they end.
#include "transport/publisher_core.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace arraywire::transport {

namespace {

constexpr std::size_t kMaxDeparted = 64;  // remembered in statistics
constexpr std::uint32_t kPatientAlives =
    16;  // unanswered ones until they are sent once a minute: a stopped peer must not be flooded
constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 40U;

// libzmq says "localhost:UID:GID:PID" of an ipc peer, attested by the kernel. 0: not ipc, or another pid namespace.
int pid_of(const zmq::message_t& header) {
  const char* text = zmq_msg_gets(const_cast<zmq_msg_t*>(header.handle()), "Peer-Address");
  const std::string_view address = text == nullptr ? "" : text;
  int pid = 0;
  if (address.starts_with("localhost:"))
    std::from_chars(address.data() + address.rfind(':') + 1, address.data() + address.size(), pid);
  return pid;
}

std::string named(const std::string& name, int pid) {
  const std::string shown = name.empty() ? "a consumer" : name;
  return pid > 0 ? shown + " (pid " + std::to_string(pid) + ")" : shown;
}

std::string to_text(wire::Version v) { return std::to_string(v.major) + "." + std::to_string(v.minor); }

}  // namespace

// ---- what arrives

void PublisherCore::handle(std::size_t router) {
  if (frames_.count != 2)
    return drop_message("a subscriber's message has one frame, this had " + std::to_string(frames_.count - 1));
  const Address from{router, frames_.frames[0].to_string()};
  const int pid = pid_of(frames_.frames[1]);
  const auto envelope = decoder_.read(bytes_of(frames_.frames[1]));
  if (!envelope || envelope->kind != wire::Kind::Return) news_ = true;
  if (!envelope) {
    drop_message(wire::describe(envelope.error()));
    if (envelope.error() == wire::WireError::OtherMajor) {
      refuse(from, {}, {},
             "it speaks protocol version " + to_text(decoder_.peer_version()) + ", this publisher speaks " +
                 to_text(wire::kVersion));
    }
    return;
  }
  if (envelope->kind == wire::Kind::Hello) {
    on_hello(from, *envelope, pid);
    return tell_abandoned();
  }
  if (envelope->epoch != epoch_) return;  // to the publisher before this one, from a subscriber that has not noticed yet
  if (peers_.contains(envelope->session)) return on_known(*envelope);
  if (!former_.contains(envelope->session)) drop_message("of an unknown session");
}

void PublisherCore::on_known(const wire::Envelope& envelope) {
  Peer& peer = peers_.at(envelope.session);
  if (std::exchange(peer.unanswered, 0) >= kPatientAlives) peer.next_alive = {};
  if (envelope.kind == wire::Kind::Return) {
    if (!decoder_.returns(return_)) return drop_message("a Return that does not decode");
    const std::uint32_t unknown = book_.returned(envelope.session, return_);
    if (unknown > 0) drop_message("a Return of " + std::to_string(unknown) + " deliveries that are not outstanding");
    if (!book_.knows(envelope.session)) forget(peers_.find(envelope.session));  // it had left, and this was the last that it held
    tell_abandoned();
  } else if (envelope.kind == wire::Kind::Bye) {
    wire::Bye bye;
    if (!decoder_.bye(bye)) return drop_message("a Bye that does not decode");
    send_header(use_router(peer.address.router),
                peer.address.routing_id,  // nothing follows; if it cannot go, it is not waited for long
                encoder_.bye({.epoch = epoch_, .session = envelope.session}, {}));
    depart(envelope.session, "said good-bye", &bye);
  } else if (envelope.kind != wire::Kind::Alive) {
    drop_message("of a kind that subscribers do not send");
  }
}

void PublisherCore::drop_message(std::string_view why) {
  ++dropped_;
  tell(EventKind::Malformed, {}, "dropped a message: " + std::string(why));
}

// ---- how a session begins

std::optional<std::string> PublisherCore::objection(const wire::Hello& hello) const {
  if (!hello.stream.empty() && hello.stream != settings_.stream) {
    return "this is stream '" + settings_.stream + "', not '" + hello.stream + "'";
  }
  if (hello.queue < 1 || hello.queue > kMaxQueue || hello.hold < 1 || hello.hold > kMaxQueue) {
    return "queue and hold must be 1 to " + std::to_string(kMaxQueue);
  }
  if (settings_.delivery == Delivery::Distribute && hello.when_full == WhenFull::Latest) {
    return "policy latest has no meaning for a stream that is distributed";
  }
  return std::nullopt;
}

// message_bytes_ are a whole slot's.
std::uint64_t PublisherCore::budget_slots() const {
  return message_bytes_ == 0 ? kUnlimited : pool_->limit_bytes() / message_bytes_;
}

// What a session will get; no grant: it is refused, for this reason.
struct PublisherCore::Offer {
  std::optional<Grant> grant{};
  Lane lane = Lane::Inline;
  std::string reason{};
  std::unique_ptr<memory::SlotSender> slots{};
};

PublisherCore::Offer PublisherCore::choose_lane(const wire::Envelope& envelope, const wire::Hello& hello,
                                                const Predecessor& before) {
  Offer offer;
  const Grant wanted{hello.queue, hello.hold};
  if (hello.lane == LaneChoice::Inline && hello.lane_reason.empty()) {
    offer.reason = "asked for";
  } else if (!listener_) {
    offer.reason = "this publisher offers the inline lane only";
  } else if (hello.lane == LaneChoice::Inline) {
    offer.reason = hello.lane_reason;
  } else if (offer.slots = listener_->claim(envelope.session); !offer.slots) {
    offer.reason = hello.lane_reason.empty() ? "the consumer did not come to the hand-over socket" : hello.lane_reason;
  } else if (offer.grant = book_.grant(wanted, Lane::SharedMemory, budget_slots(), before); !offer.grant) {
    offer.reason = "the pool's limit of " + std::to_string(pool_->limit_bytes()) + " bytes cannot back its leases";
    offer.slots.reset();
  } else {
    offer.lane = Lane::SharedMemory;
    offer.reason = "same machine";
    return offer;
  }
  if (hello.lane == LaneChoice::SharedMemory) {
    offer.reason = "shared memory was asked for, but " + offer.reason;
    return offer;
  }
  offer.grant = book_.grant(wanted, Lane::Inline, budget_slots(), before);
  if (!offer.grant) {
    offer.reason = "the pool's limit of " + std::to_string(pool_->limit_bytes()) +
                   " bytes cannot back another session with messages of " + std::to_string(message_bytes_) +
                   " bytes; raise the publisher's memory limit";
  }
  return offer;
}

void PublisherCore::on_hello(const Address& from, const wire::Envelope& envelope, int pid) {
  wire::Hello hello;
  if (!envelope.session || !decoder_.hello(hello)) return drop_message("a Hello that does not decode");
  if (peers_.contains(envelope.session) || book_.knows(envelope.session)) return drop_message("a second Hello of one session");
  if (const auto reason = objection(hello)) return refuse(from, envelope, named(hello.name, pid), *reason);
  supersede(from, hello.replaces);

  Predecessor before{.session = hello.replaces, .held = hello.held};
  if (hello.last_epoch == epoch_) before.sequence = hello.last_sequence;
  Offer offer = choose_lane(envelope, hello, before);
  if (!offer.grant) {
    book_.leave(hello.replaces, {});
    if (const auto replaced = peers_.find(hello.replaces); replaced != peers_.end()) forget(replaced);
    return refuse(from, envelope, named(hello.name, pid), offer.reason);
  }
  const bool waits = settings_.delivery == Delivery::Distribute || settings_.block_limit > std::chrono::nanoseconds::zero();
  WhenFull when_full = hello.when_full;
  if (when_full == WhenFull::Automatic || when_full == WhenFull::Block)
    when_full = waits ? WhenFull::Block : WhenFull::DropNewest;

  if (offer.lane == Lane::Inline) widen_connection(frames_.frames[1]);
  Peer peer{.address = from};
  peer.about = {.name = named(hello.name, pid), .pid = pid, .lane = offer.lane, .lane_reason = offer.reason};
  peer.slots = std::move(offer.slots);
  if (peer.slots) peer.rings = peer.slots->open_rings(bells_);
  const Opened opened = book_.open(envelope.session, {*offer.grant, when_full, offer.lane}, before);
  if (const auto replaced = peers_.find(hello.replaces); replaced != peers_.end() && !book_.knows(hello.replaces))
    forget(replaced);
  const wire::Welcome welcome{.stream = settings_.stream,
                              .delivery = settings_.delivery,
                              .lane = offer.lane,
                              .lane_reason = offer.reason,
                              .queue = offer.grant->queue,
                              .hold = offer.grant->hold,
                              .when_full = when_full,
                              .sequence = opened.sequence,
                              .missed = opened.missed,
                              .host = service_.host(),
                              .metadata = settings_.metadata};
  // Before anything that open() has put into outgoing(): Welcome is what every session begins with.
  const SendResult sent = send_header(use_router(from.router), from.routing_id,
                                      encoder_.welcome({.epoch = epoch_, .session = envelope.session}, welcome));
  Peer& joined = peers_.emplace(envelope.session, std::move(peer)).first->second;
  ++progress_;
  if (sent != SendResult::Sent) {
    const wire::Bye nothing_yet{};
    return depart(envelope.session, "gone before it was welcomed", &nothing_yet);
  }
  if (joined.slots) {
    due_sessions_.reserve(peers_.size());  // so that serving them allocates nothing
    numbers_.reserve(memory::kMaxSessionSlots);
    for (auto& file : pool_->hand_over_all()) give(joined, std::move(file));
  }
  tell(EventKind::Joined, joined.about.name,
       "queue " + std::to_string(offer.grant->queue) + ", hold " + std::to_string(offer.grant->hold) + ", when full " +
           std::string(name(when_full)) + ", lane " + std::string(name(offer.lane)) + " (" + offer.reason + ")");
  write_info();
}

// One connection carries one session: whatever else was reached there has ended. The session that this one replaces lives on in
// the deliveries that it still holds, reached from here.
void PublisherCore::supersede(const Address& from, Id replaced) {
  std::vector<Id> ended;
  for (auto& [id, peer] : peers_) {
    if (id == replaced) {
      peer.address = from;
      peer.unreachable = false;
      note_departure(id, peer, "connected again");
    } else if (peer.address == from && !peer.leaving) {
      ended.push_back(id);
    }
  }
  for (const Id id : ended) depart(id, "began another session");
}

void PublisherCore::refuse(const Address& to, const wire::Envelope& hello, const std::string& name, const std::string& reason) {
  tell(EventKind::Refused, name, reason);
  send_header(use_router(to.router), to.routing_id,
              encoder_.refused({.epoch = epoch_, .session = hello.session}, {.reason = reason}));
}

// ---- how a session ends

void PublisherCore::note_departure(Id id, Peer& peer, const std::string& why) {
  if (std::exchange(peer.leaving, true)) return;
  if (departed_.size() == kMaxDeparted) departed_.erase(departed_.begin());
  departed_.push_back(about(id, peer));
  departed_.back().leased = 0;
  tell(EventKind::Left, peer.about.name, why);
}

void PublisherCore::depart(Id id, const std::string& why, const wire::Bye* good_bye) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  note_departure(id, peer, why);
  if (good_bye) {
    book_.leave(id, good_bye->held);
  } else {
    book_.close(id);
  }
  peer.backlog.clear();
  if (!book_.knows(id)) forget(found);
  ++progress_;
  tell_abandoned();
  write_info();
}

// A session that reads from slots ends with its process or its hand-over, and not before: it may be reading now.
void PublisherCore::lost(const Address& address) {
  std::vector<Id> gone;
  for (auto& [id, peer] : peers_) {
    if (peer.address != address) continue;
    if (!peer.slots) gone.push_back(id);
    peer.unreachable = true;
    peer.backlog.clear();
  }
  for (const Id id : gone) depart(id, "its connection ended");
}

// ---- sending

SendResult PublisherCore::send(Peer& peer, const Outgoing& out) {
  if (out.message && peer.slots && out.message->slot != nullptr) {
    memory::Slot& slot = *out.message->slot;
    if (!peer.slots->has(slot.id())) give(peer, pool_->hand_over(slot));
    if (!peer.slots->has(slot.id())) return SendResult::WouldBlock;  // its hand-over socket is full
    wire::Stamp stamp = out.stamp;
    stamp.slot = slot.id();
    if (peer.rings && put(peer, *out.message, out.session, stamp)) return SendResult::Sent;
    return send_named(use_router(peer.address.router), peer.address.routing_id, *out.message, epoch_, out.session, stamp);
  }
  zmq::socket_t& router = use_router(peer.address.router);
  if (out.message) return send_data(router, peer.address.routing_id, *out.message, epoch_, out.session, out.stamp, parts_);
  return send_header(router, peer.address.routing_id, encoder_.end({.epoch = epoch_, .session = out.session}, out.end));
}

void PublisherCore::send_or_shelve(Id id, Outgoing out) {
  const auto found = peers_.find(id);
  if (found == peers_.end() || found->second.leaving || found->second.unreachable) return;
  Peer& peer = found->second;
  const SendResult result = peer.backlog.empty() ? send(peer, out) : SendResult::WouldBlock;
  if (result == SendResult::WouldBlock) peer.backlog.push_back(std::move(out));
  if (result == SendResult::Unreachable) lost(Address(peer.address));
}

void PublisherCore::flush() {
  if (closed_) return;
  std::vector<Outgoing>& outgoing = book_.outgoing();
  // By index: a lost session may append to it.
  for (std::size_t i = 0; i < outgoing.size(); ++i) {  // NOLINT(modernize-loop-convert)
    Outgoing out = std::move(outgoing[i]);
    const Id id = out.session;
    send_or_shelve(id, std::move(out));
  }
  outgoing.clear();
}

void PublisherCore::retry_backlogs() {
  std::vector<Id> shelved;
  for (const auto& [id, peer] : peers_) {
    if (!peer.backlog.empty()) shelved.push_back(id);
  }
  for (const Id id : shelved) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) continue;
    for (Outgoing& out : std::exchange(found->second.backlog, {})) send_or_shelve(id, std::move(out));
  }
}

void PublisherCore::send_alives(SteadyTime now) {
  // A session that was replaced is not known any more where its successor is.
  const auto replaced = [&](const Peer& peer) REQUIRES(mutex_) {
    const auto successor = [&](const auto& entry) { return !entry.second.leaving && entry.second.address == peer.address; };
    return peer.leaving && std::any_of(peers_.begin(), peers_.end(), successor);
  };
  std::vector<Address> unreachable;
  for (auto& [id, peer] : peers_) {
    if (now < peer.next_alive || peer.unreachable || replaced(peer)) continue;
    const SendResult sent =
        send_header(use_router(peer.address.router), peer.address.routing_id, encoder_.alive({.epoch = epoch_, .session = id}));
    if (sent == SendResult::Unreachable) unreachable.push_back(peer.address);
    peer.next_alive = now + (++peer.unanswered < kPatientAlives ? std::chrono::seconds{1} : std::chrono::seconds{60});
  }
  for (const Address& address : unreachable) lost(address);
}

void PublisherCore::probe() {
  for (auto& [id, peer] : peers_) peer.next_alive = {};
  send_alives(steady_now());
}

// ---- what is told

ConsumerStatistics PublisherCore::about(Id id, const Peer& peer) const {
  ConsumerStatistics a = peer.about;
  const SessionCounts counts = book_.counts(id);
  a.sent = counts.sent;
  a.taken = counts.taken;
  a.missed = counts.missed;
  a.leased = counts.leased;
  return a;
}

void PublisherCore::tell(EventKind kind, std::string peer, std::string detail) {
  events_.push_back({kind, settings_.stream, std::move(peer), std::move(detail)});
}

void PublisherCore::tell_abandoned() {
  const std::uint64_t abandoned = book_.abandoned();
  if (abandoned == abandoned_told_) return;
  tell(EventKind::Abandoned, {},
       std::to_string(abandoned - std::exchange(abandoned_told_, abandoned)) + " message(s) given up after " +
           std::to_string(kMaxAttempts) + " attempts each");
}

void PublisherCore::write_info() {
  if (closed_ || !folder_) return;
  folder_->write_info(
      {.pid = ::getpid(), .endpoints = endpoints_, .consumers = static_cast<std::uint32_t>(book_.open_sessions())});
}

}  // namespace arraywire::transport
