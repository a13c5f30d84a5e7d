// The subscriber's end of the hand-over: the publisher's slots, mapped before they are needed.
#include "transport/endpoint.hpp"
#include "transport/subscriber_core.hpp"
#include "transport/subscriber_section.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

namespace arraywire::transport {

// Beside the data socket. None: the publisher is not on this machine, as far as its address says.
std::filesystem::path SubscriberCore::hand_over_socket() const {
  constexpr std::string_view kIpc = "ipc://";
  if (!connected_to_.starts_with(kIpc)) return {};
  return std::filesystem::path(connected_to_.substr(kIpc.size())).replace_filename("slots.sock");
}

SubscriberCore::SlotSession* SubscriberCore::slot_session(Id session) {
  const auto found =
      std::find_if(slot_sessions_.begin(), slot_sessions_.end(), [&](const auto& s) { return s->session == session; });
  return found == slot_sessions_.end() ? nullptr : found->get();
}

std::optional<SubscriberCore::NoHandOver> SubscriberCore::begin_hand_over(Id session) {
  if (!no_slots_.empty()) return NoHandOver{no_slots_};
  const std::filesystem::path socket = hand_over_socket();
  if (socket.empty()) return NoHandOver{connected_to_ + " is no local endpoint"};
  auto receiver = memory::SlotReceiver::connect(socket, session, hand_overs_, 0);
  if (!receiver) return NoHandOver{memory::describe(receiver.error()), receiver.error().busy};
  slot_sessions_.push_back(std::make_unique<SlotSession>(SlotSession{session, std::move(*receiver), {session, unused_slots_}}));
  return std::nullopt;
}

// ---- on the service thread

void SubscriberCore::serve_slots() {
  unmapped_.clear();
  served_.clear();
  unused_slots_->unmap_all(unmapped_);
  {
    const Lock lock(mutex_);
    for (const auto& slots : slot_sessions_) {
      if (!slots->receiver) continue;
      served_.push_back(slots->session);
      for (const memory::UnmappedSlot& slot : unmapped_) {
        if (slot.session == slots->session) slots->receiver->unmapped(slot.id);
      }
    }
  }
  for (const Id session : served_) {
    while (next_news(session)) continue;
  }
}

// One thing that the publisher said. False: there is nothing more.
bool SubscriberCore::next_news(Id session) {
  memory::OfferedSlot offered;
  {
    const Section section(*this);
    drain();  // what names a slot that we do not know now was sent after that was offered: it must be here
    SlotSession* slots = slot_session(session);
    if (slots == nullptr || !slots->receiver) return false;
    auto news = slots->receiver->receive();
    if (!news) {
      locate_waiting(session, true);
      news.error() == memory::HandOverError::Nothing ? static_cast<void>(slots->receiver->flush())
                                                     : on_hand_over_error(*slots, news.error());
      return false;
    }
    if (std::holds_alternative<memory::RingPart>(*news)) return true;
    if (const auto* retired = std::get_if<memory::Retire>(&*news)) {
      slots->slots.retire(retired->id);
      return true;
    }
    offered = std::move(std::get<memory::OfferedSlot>(*news));
  }
  const std::uint64_t id = offered.id;
  add_slot(session, id, memory::check_and_map(std::move(offered)));  // takes time, so without the mutex
  return true;
}

void SubscriberCore::add_slot(Id session, std::uint64_t slot, Result<memory::Mapping, memory::MapFailure> mapped) {
  const Section section(*this);
  SlotSession* slots = slot_session(session);
  if (slots == nullptr) return;
  if (!mapped) return go_inline(memory::describe(mapped.error()));
  slots->slots.add(slot, std::move(*mapped));
  locate_waiting(session, false);
}

void SubscriberCore::on_hand_over_error(SlotSession& slots, memory::HandOverError error) {
  slots.receiver.reset();
  if (error == memory::HandOverError::Ended || slots.session != session_) return;
  ++statistics_.malformed;
  go_inline("hand-over: " + std::string(memory::describe(error)));
}

// A lane never changes within a session: this one ends, and the next one is inline.
void SubscriberCore::go_inline(std::string reason) {
  if (!no_slots_.empty()) return;
  tell(EventKind::Malformed, reason);
  no_slots_ = std::move(reason);
  hello_due_ = true;
  attention_.set();
}

// ---- messages in slots

// Finds the bytes of a message. False: they are in no slot of ours, or not within it.
bool SubscriberCore::locate(Received& received) {
  const SlotSession* slots = slot_session(received.session_);
  if (slots == nullptr) return false;
  const wire::Data& data = received.data;
  received.in_slot.clear();
  for (std::size_t i = 0; i < data.specs.size(); ++i) {
    auto found = slots->slots.find(data.stamp.slot, data.offsets[i], data.payload_bytes[i]);
    if (!found && found.error() == memory::FindError::UnknownSlot) {
      received.what_ = Received::What::Unmapped;
      attention_.set();
      return true;
    }
    if (!found) return false;
    received.in_slot.push_back(std::move(*found));
  }
  received.what_ = Received::What::Message;
  return true;
}

void SubscriberCore::locate_waiting(Id session, bool all_slots_are_known) {
  for (Received* received : inbox_) {
    if (received->what_ != Received::What::Unmapped || received->session_ != session) continue;
    if (!locate(*received) || (all_slots_are_known && received->what_ == Received::What::Unmapped)) drop_waiting(*received);
  }
}

// Sessions before this one whose samples are gone (once the publisher has heard of that: their end would say that they died), and
// this one once nothing can lie in its slots any more.
void SubscriberCore::forget_slot_sessions() {
  const bool over = state_ == SubscriberStatus::State::Ended || state_ == SubscriberStatus::State::Silent;
  std::erase_if(slot_sessions_, [&](const auto& slots) REQUIRES(mutex_) {
    if (slots->session == session_) return (in_session() && welcome_.lane == Lane::Inline) || (over && !slots->receiver);
    if (awaits_welcome() && slots->receiver) return false;
    return std::none_of(records_.begin(), records_.end(), [&](const auto& record) {
      return record->state_ != Received::State::Free && record->session_ == slots->session;
    });
  });
}

}  // namespace arraywire::transport
