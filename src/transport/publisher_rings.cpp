// The publisher's end of the rings: Returns come through one of each session, Data goes through the other.
#include "transport/publisher_core.hpp"

#include <algorithm>

namespace arraywire::transport {

namespace {

constexpr std::ptrdiff_t kMostBells = 2;  // of one publish

}  // namespace

// False: it does not fit there, and goes by the socket. Order is kept all the same: deliveries are numbered.
bool PublisherCore::put(Peer& peer, const Message& message, Id session, const wire::Stamp& stamp) {
  const std::span<std::byte> room = peer.rings->room(message.header.size());
  if (room.empty()) return false;
  std::copy(message.header.begin(), message.header.end(), room.begin());
  wire::stamp(room, epoch_, session, stamp);
  peer.rings->put(stamp.delivery, room.size());
  return true;
}

// What else waits at the ROUTERs is the service thread's, where all that is returned passes through rings.
void PublisherCore::drain_returns() {
  const std::uint64_t before = received_;
  drain_rings();
  const bool overflowed = received_ - before >= memory::RingFormat::kEntries;
  if (overflowed || peers_.empty() || std::any_of(peers_.begin(), peers_.end(), [](const auto& p) { return !p.second.rings; }))
    drain_routers();
}

bool PublisherCore::drain_rings() {
  const std::uint64_t before = received_;
  for (auto next = peers_.begin(); next != peers_.end();) {
    const Id id = next->first;
    if (next->second.rings && !next->second.rings->empty()) drain_ring(id);  // which may be the end of it
    next = peers_.upper_bound(id);
  }
  return received_ != before;
}

// One round of the ring at most: the next session has its turn, too.
void PublisherCore::drain_ring(Id id) {
  for (std::size_t i = 0; i < memory::RingFormat::kEntries; ++i) {
    const auto peer = peers_.find(id);
    if (peer == peers_.end()) return;
    const auto entry = peer->second.rings->front();
    if (!entry && entry.error() == memory::RingError::Empty) return;
    ++received_;
    ++progress_;
    if (!entry) {
      ++dropped_;
      tell(EventKind::Malformed, peer->second.about.name, "its ring cannot be read");
      peer->second.rings.reset();
      return depart(id, "its ring cannot be read");
    }
    peer->second.rings->pop();
    const auto envelope = decoder_.read(entry->bytes);
    if (!envelope) {
      drop_message(wire::describe(envelope.error()));
    } else if (envelope->kind != wire::Kind::Return || envelope->session != id || envelope->epoch != epoch_) {
      drop_message("in a ring, and no Return of its session");
    } else {
      on_known(*envelope);
    }
  }
}

// Somebody needs to know at once what is returned. Otherwise it is read when the next message is published.
bool PublisherCore::awaits_returns() const {
  return (waiting_ && !spinning_) || slot_waits_.load(std::memory_order_relaxed) > 0 || book_.keeps_any() ||
         settings_.delivery == Delivery::Distribute;
}

bool PublisherCore::listen() {
  bool nothing = true;
  for (const auto& [id, peer] : peers_) {
    if (peer.rings) nothing = peer.rings->listen() && nothing;
  }
  return nothing;
}

bool PublisherCore::hear_bells() {
  bool any = false;
  for (const auto& [id, peer] : peers_) any = (peer.rings && peer.rings->hear()) || any;
  return any;
}

// Once everybody has what is sent: whoever is woken may take this thread's processor, and one after the other they all do. So
// many sleepers are left to the service thread.
void PublisherCore::ring_bells() {
  const auto due =
      std::count_if(peers_.begin(), peers_.end(), [](const auto& p) { return p.second.rings && p.second.rings->bell_is_due(); });
  if (due > kMostBells && !serving_) return more_.set();
  for (const auto& [id, peer] : peers_) {
    if (peer.rings) peer.rings->ring();
  }
}

bool PublisherCore::any_return() {
  const Lock lock(mutex_);
  return std::any_of(peers_.begin(), peers_.end(), [](const auto& p) { return p.second.rings && !p.second.rings->empty(); });
}

bool PublisherCore::spin(SteadyTime deadline) {
  return spin_.until([&] { return any_return(); }, [&] { return memory::wait_readable(awaited_, {}); }, deadline);
}

}  // namespace arraywire::transport
