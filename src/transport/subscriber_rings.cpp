// The subscriber's end of the rings: Data comes through one, Returns go through the other.
#include "transport/subscriber_core.hpp"
#include "transport/subscriber_section.hpp"

#include <algorithm>
#include <utility>

namespace arraywire::transport {

// The publisher offered its end before it sent the Welcome that calls this.
void SubscriberCore::open_rings() {
  SlotSession* slots = slot_session(session_);
  if (slots == nullptr || !slots->receiver) return;
  auto rings = slots->receiver->open_rings(bells_);
  if (!rings) return on_hand_over_error(*slots, rings.error());
  slots->rings = std::move(*rings);
}

memory::Rings* SubscriberCore::rings() {
  if (welcomed_ != session_ || !in_session()) return nullptr;
  const SlotSession* slots = slot_session(session_);
  return slots == nullptr ? nullptr : slots->rings.get();
}

// What is numbered beyond the next delivery waits until the socket has brought that one: it had no room here, or was too large.
bool SubscriberCore::drain_ring() {
  memory::Rings* const ring = rings();
  if (ring == nullptr) return false;
  bool received = false;
  for (std::size_t i = 0; i < memory::RingFormat::kEntries; ++i) {
    const auto entry = ring->front();
    if (!entry && entry.error() == memory::RingError::Broken) {
      ++statistics_.malformed;
      slot_session(session_)->rings.reset();
      go_inline("the publisher's ring cannot be read");
      return received;
    }
    if (!entry || entry->number > next_delivery_) break;
    handle_entry(entry->bytes);                                    // if that throws, it is there for another try
    next_delivery_ = std::max(next_delivery_, entry->number + 1);  // also when it was dropped: nothing is to wait for it
    ring->pop();
    received = true;
  }
  if (received) heard();
  return received;
}

void SubscriberCore::handle_entry(std::span<const std::byte> bytes) {
  const auto envelope = decoder_.read(bytes);
  if (!envelope) return drop_message(wire::describe(envelope.error()));
  if (envelope->kind != wire::Kind::Data || envelope->session != session_ || envelope->epoch != epoch_)
    return drop_message("in a ring, and no Data of its session");
  on_data(*envelope, 1);
}

// False: there is no ring, or no room in it.
bool SubscriberCore::put_in_ring(std::span<const std::byte> message) {
  memory::Rings* const ring = rings();
  if (ring == nullptr) return false;
  const auto room = ring->room(message.size());
  if (room.empty()) return false;
  std::copy(message.begin(), message.end(), room.begin());
  ring->put(0, message.size());
  ring->ring();
  return true;
}

// ---- waiting for what comes

// What is there and cannot be taken (in a slot that is not mapped yet, or before what the socket is to bring) is slept for.
bool SubscriberCore::worth_spinning() {
  const memory::Rings* const ring = rings();
  return ring != nullptr && ring->empty() && inbox_.empty() && spin_.worthwhile();
}

// Before we sleep or give up, after there was nothing: what came just now need not wake us. As next().
std::optional<TakeError> SubscriberCore::look_again(bool all_seen, bool last) {
  if (!all_seen) drain();
  memory::Rings* const ring = rings();
  if (!last && inbox_.empty() && ring != nullptr && !ring->listen()) drain_ring();
  return next(true);
}

// However long it is to last, the publisher may end, and so may we.
bool SubscriberCore::spin(std::span<const int> descriptors, SteadyTime deadline) {
  return spin_.until([&] { return anything_in_ring(); }, [&] { return memory::wait_readable(descriptors, {}); }, deadline);
}

bool SubscriberCore::anything_in_ring() {
  const Look look(*this);
  const memory::Rings* const ring = rings();
  return ring == nullptr || !ring->empty() || !inbox_.empty();
}

}  // namespace arraywire::transport
