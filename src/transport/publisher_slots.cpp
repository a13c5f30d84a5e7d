// The publisher's hand-over of slots to the sessions that read from them.
#include "transport/publisher_core.hpp"

#include <algorithm>
#include <utility>

namespace arraywire::transport {

// The pool counts the session as having the slot: once for each that the session accepted.
void PublisherCore::give(Peer& peer, std::shared_ptr<const memory::SlotFile> file) {
  const std::uint64_t id = file->id;
  if (!peer.slots->give(std::move(file))) pool_->unmapped(id);
}

void PublisherCore::hand_over(memory::Slot& slot) {
  const Lock lock(mutex_);
  for (auto& [id, peer] : peers_) {
    if (peer.slots && !peer.leaving && !peer.slots->has(slot.id())) give(peer, pool_->hand_over(slot));
  }
}

void PublisherCore::hand_over_all() {
  const Lock lock(mutex_);
  for (auto& [id, peer] : peers_) {
    if (!peer.slots || peer.leaving) continue;
    for (auto& file : pool_->hand_over_all()) give(peer, std::move(file));
  }
}

void PublisherCore::retire_slots() {
  numbers_.clear();
  pool_->collect_retired(numbers_);
  for (const std::uint64_t slot : numbers_) {
    for (auto& [id, peer] : peers_) {
      if (peer.slots && peer.slots->retire(slot)) pool_->unmapped(slot);
    }
  }
}

// Visitors, what sessions unmapped, deaths. Once a second unasked: of what the system had no room for, nothing tells.
void PublisherCore::serve_hand_over(std::uint64_t ready, SteadyTime now) {
  const bool all = now >= next_hand_over_look_;
  if (all) next_hand_over_look_ = now + std::chrono::seconds{1};
  if (all || (ready & kRetiredReady) != 0) retire_slots();
  if (!all && (ready & kListenerReady) == 0) return;
  due_.clear();
  due_sessions_.clear();
  listener_->serve(due_);
  for (const auto& [id, peer] : peers_) {
    if (peer.slots && (all || std::find(due_.begin(), due_.end(), peer.slots->key()) != due_.end())) due_sessions_.push_back(id);
  }
  for (const Id id : due_sessions_) {
    serve_sender(id);
  }
}

void PublisherCore::serve_sender(Id id) {
  auto found = peers_.find(id);
  if (found == peers_.end()) return;
  numbers_.clear();
  const memory::PeerState state = found->second.slots->serve(numbers_);
  for (const std::uint64_t slot : numbers_) pool_->unmapped(slot);
  if (state == memory::PeerState::Open) return;
  if (found->second.rings) drain_ring(id);  // what it still returned before it died
  found = peers_.find(id);
  if (found == peers_.end()) return;
  const Peer& peer = found->second;
  if (state == memory::PeerState::Broken) {
    ++dropped_;
    tell(EventKind::Malformed, peer.about.name, "ended its hand-over: " + std::string(memory::describe(peer.slots->broken_by())));
  }
  depart(id, "its process or its hand-over ended");
}

// Its slots are its no more.
void PublisherCore::forget(std::map<Id, Peer>::iterator peer) {
  if (peer->second.slots) {
    for (const std::uint64_t slot : peer->second.slots->slots()) pool_->unmapped(slot);
  }
  former_.add(peer->first);
  peers_.erase(peer);
}

}  // namespace arraywire::transport
