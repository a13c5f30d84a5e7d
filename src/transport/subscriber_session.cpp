// The subscriber's session: how it finds its publisher, what it hears, what it counts.
#include "transport/stream_folder.hpp"
#include "transport/subscriber_core.hpp"
#include "transport/subscriber_section.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace arraywire::transport {

using State = SubscriberStatus::State;

namespace {

constexpr auto kSearchInterval = std::chrono::milliseconds{25};
constexpr auto kAliveInterval = std::chrono::seconds{1};
constexpr auto kLookInterval =
    std::chrono::milliseconds{100};  // at what came while the application does not take: an End is confirmed
constexpr auto kByeAnswer = std::chrono::milliseconds{200};
constexpr auto kLastReturn = std::chrono::milliseconds{200};   // to arrive, before its hand-over ends
constexpr auto kSilence = std::chrono::seconds{3};             // told, not believed
constexpr std::uint32_t kPatientAlives = 16;                   // unanswered ones until they are sent once a minute
constexpr std::size_t kMaxInbox = 2 * std::size_t{kMaxQueue};  // beyond every grant: a publisher that ignores them

}  // namespace

bool SubscriberCore::in_session() const {
  return state_ == State::Connected || state_ == State::Silent || state_ == State::Ended;
}

bool SubscriberCore::awaits_welcome() const {
  return session_ && welcomed_ != session_ && !hello_due_ && state_ != State::Refused;
}

// ---- the service thread

SteadyTime SubscriberCore::serve(std::uint64_t, SteadyTime now) {
  attention_.clear();
  serve_slots();
  bool done = false;
  SteadyTime due = now + kLookInterval;
  {
    const Section section(*this);
    if (closed_) return SteadyTime::max();
    drain();  // what the old connection still brought counts before the new Hello says what we have
    if (handshake_succeeded()) {
      hello_due_ = true;
      no_slots_.clear();
    }
    if (hello_due_ && !leaving_) send_hello();
    if (by_name_ && !leaving_) search(now);
    watch_silence(now);
    forget_slot_sessions();
    send_alive(now);
    collect_given_back();
    return_due_ = return_due_ || !return_.released.empty() || !return_.rejected.empty();
    send_returns();
    if (left_ && unreleased_ == 0) {
      if (all_back_ == SteadyTime{}) all_back_ = now;
      done = now - all_back_ >= kLastReturn;
    }
    if (by_name_ && state_ != State::Connected) due = now + kSearchInterval;
  }
  if (done) service_.remove(*this);  // the last sample of a Subscriber that is gone
  return due;
}

bool SubscriberCore::handshake_succeeded() {
  bool seen = false;
  while (receive(monitor_, frames_) || readable(monitor_)) seen = true;  // opened for this one event
  return seen;
}

// A stream's publisher may come back in another of the directories than it was in.
void SubscriberCore::search(SteadyTime now) {
  if (!connected_to_.empty() && (now - last_heard_ < kAliveInterval || is_served(folder_))) return;
  const auto found = find_served(service_.runtime_directories(), source_, service_.trusted());
  if (!found) return;
  const std::string endpoint = "ipc://" + (*found / "data.sock").string();
  if (endpoint == connected_to_) return;
  dealer_used_ = true;
  if (!connected_to_.empty()) zmq_disconnect(dealer_.handle(), connected_to_.c_str());
  folder_ = *found;
  connected_to_ = zmq_connect(dealer_.handle(), endpoint.c_str()) == 0 ? endpoint : std::string{};
}

void SubscriberCore::watch_silence(SteadyTime now) {
  if (state_ != State::Connected || now - last_heard_ < kSilence) return;
  state_ = State::Silent;
  // The publisher lives and ended our hand-over, and with it the session, but not the connection: only a new Hello helps.
  const SlotSession* slots = slot_session(session_);
  const bool cut = welcome_.lane == Lane::SharedMemory && (slots == nullptr || !slots->receiver);
  if (cut && is_served(hand_over_socket().parent_path())) hello_due_ = true;
  tell(EventKind::Silent, "nothing heard for 3 s from " + connected_to_);
}

void SubscriberCore::heard() {
  last_heard_ = steady_now();
  unanswered_ = 0;
  if (state_ != State::Silent) return;
  state_ = State::Connected;
  tell(EventKind::Resumed, "heard again from " + connected_to_);
}

void SubscriberCore::send_alive(SteadyTime now) {
  if (!in_session() || leaving_ || now < next_alive_) return;
  say(encoder_.alive({.epoch = epoch_, .session = session_}));
  next_alive_ = now + (++unanswered_ < kPatientAlives ? kAliveInterval : std::chrono::seconds{60});
}

// ---- what we say

void SubscriberCore::send_hello() {
  const Id session = random_id();
  std::optional<NoHandOver> none;
  if (options_.lane != LaneChoice::Inline) none = begin_hand_over(session);
  if (none && none->busy) return;  // hello_due_ stays
  send_returns();                  // of the session that ends here: what it released is not to be delivered again
  const Id replaced = std::exchange(session_, session);
  former_.add(replaced);
  // Nothing more is read from there, and who still returns deliveries of it does so over the socket; its bell would go on
  // ringing.
  if (SlotSession* old = slot_session(replaced); old != nullptr) old->rings.reset();
  wire::Hello hello{.name = options_.name,
                    .pid = static_cast<std::uint32_t>(::getpid()),
                    .stream = by_name_ ? source_ : std::string{},
                    .queue = options_.queue,
                    .hold = options_.hold,
                    .when_full = options_.when_full,
                    .lane = none && options_.lane == LaneChoice::Automatic ? LaneChoice::Inline : options_.lane,
                    .lane_reason = none ? none->reason : std::string{},
                    .replaces = replaced,
                    .last_epoch = last_epoch_,
                    .last_sequence = last_sequence_};
  for (const auto& record : records_) {
    if (hello.held.size() == wire::kMaxListed) break;  // far beyond every grant: what the publisher is not told, it may have back
    if (record->state_ != Received::State::Free && record->session_ == replaced) hello.held.push_back(record->number_);
  }
  hello_due_ = say(encoder_.hello({.session = session_}, hello)) != SendResult::Sent;
  return_ = {};
  return_due_ = false;
  if (state_ != State::Ended) state_ = State::Searching;
}

void SubscriberCore::send_bye() {
  wire::Bye bye;
  for (const auto& record : records_) {
    if (record->state_ == Received::State::Held && record->session_ == session_) bye.held.push_back(record->number_);
  }
  say(encoder_.bye({.epoch = epoch_, .session = session_}, bye));
}

// ---- the Subscriber goes

void SubscriberCore::leave() {
  if (!service_.in_own_process()) return;
  {
    const Section section(*this);
    drain();
    for (Received* received : inbox_) recycle(received);
    inbox_.clear();
    collect_given_back();
    send_returns();
    leaving_ = true;
    if (in_session() && !awaits_welcome()) send_bye();
  }
  await_bye();
  bool stays = false;
  {
    const Section section(*this);
    left_ = true;
    // Deliveries that hold something at the publisher must still be returned: the socket stays for that.
    stays = in_session() && std::any_of(records_.begin(), records_.end(), [&](const auto& record) REQUIRES(mutex_) {
              return record->state_ == Received::State::Held && record->epoch_ == epoch_ && leases(*record);
            });
  }
  if (!stays) service_.remove(*this);
}

// Waits until the publisher has heard our last Returns and our Bye, which can be said once it has welcomed us: a hand-over that
// ends before them says that all is given up, and a message that libzmq has half received when its socket is closed is memory
// lost for good, and it may be a whole frame. A stopped or dead publisher is not waited for long.
void SubscriberCore::await_bye() {
  const SteadyTime deadline = steady_now() + kByeAnswer;
  const std::array waited_for{dealer_descriptor_, wake_.descriptor()};
  do {
    const Section section(*this);
    drain();
    if (bye_answered()) return;
  } while (memory::wait_readable(waited_for, deadline));
}

// Nothing more comes: it said so, or it ended what would tell it that we are gone.
bool SubscriberCore::bye_answered() {
  if (answered_) return true;
  if (awaits_welcome()) return false;
  if (!in_session()) return true;
  if (const SlotSession* slots = slot_session(session_); slots != nullptr && slots->receiver) return false;
  return state_ == State::Ended || welcome_.lane == Lane::SharedMemory;
}

// ---- what we hear

void SubscriberCore::drain() {
  collect_given_back();  // a release that found the mutex taken is still in the queue, and take must not count that sample as
                         // held
  if (closed_) return;
  if (const SlotSession* slots = slot_session(session_); slots != nullptr && slots->rings) slots->rings->hear();
  drain_ring();
  drain_dealer();
}

void SubscriberCore::drain_next() {
  collect_given_back();
  if (closed_) return;
  if (rings() == nullptr) {
    if (inbox_.empty()) drain_dealer();
  } else {
    drain_ring();
  }
}

// Whatever the socket brings was sent after all that was in the ring by then, and some of it says so: an End.
void SubscriberCore::drain_dealer() {
  int received = 0;
  dealer_used_ = true;
  for (; received < kHighWaterMark && receive(dealer_, frames_); ++received) {
    drain_ring();
    handle();
  }
  if (received > 0) heard();
}

void SubscriberCore::handle() {
  const auto envelope = decoder_.read(bytes_of(frames_.frames[0]));
  if (!envelope) {
    drop_message(wire::describe(envelope.error()));
    if (envelope.error() != wire::WireError::OtherMajor) return;
    const auto text = [](wire::Version v) { return std::to_string(v.major) + "." + std::to_string(v.minor); };
    return on_refused("the publisher speaks protocol version " + text(decoder_.peer_version()) + ", this subscriber speaks " +
                      text(wire::kVersion));
  }
  if (envelope->kind == wire::Kind::Refused && (envelope->session == session_ || !envelope->session)) {
    wire::Refused refused;
    return decoder_.refused(refused) ? on_refused(std::move(refused.reason)) : drop_message("a Refused that does not decode");
  }
  if (former_.contains(envelope->session)) return;
  if (envelope->session != session_ || !session_) return drop_message("of another session");
  if (envelope->kind == wire::Kind::Welcome) return on_welcome(*envelope);
  if (envelope->epoch != epoch_ || !in_session()) return drop_message("of another epoch");
  if (envelope->kind == wire::Kind::Data) return on_data(*envelope, frames_.count);
  if (frames_.count != 1) return drop_message("of " + std::to_string(frames_.count) + " frames where one belongs");
  if (envelope->kind == wire::Kind::End) return on_end();
  if (envelope->kind == wire::Kind::Bye && leaving_) return static_cast<void>(answered_ = true);
  if (envelope->kind != wire::Kind::Alive) drop_message("of a kind that publishers do not send");
}

void SubscriberCore::drop_message(std::string_view why) {
  ++statistics_.malformed;
  tell(EventKind::Malformed, "dropped a message: " + std::string(why));
}

void SubscriberCore::on_refused(std::string reason) {
  state_ = State::Refused;
  reason_ = std::move(reason);
  tell(EventKind::Refused, reason_);
}

void SubscriberCore::on_welcome(const wire::Envelope& envelope) {
  wire::Welcome welcome;
  if (frames_.count != 1 || welcomed_ == session_ || !decoder_.welcome(welcome)) {
    return drop_message("a Welcome that does not decode, or a second one");
  }
  welcome_ = std::move(welcome);
  welcomed_ = session_;
  epoch_ = envelope.epoch;
  if (last_epoch_ == epoch_) {
    statistics_.missed += welcome_.missed;
    missed_untold_ += welcome_.missed;
  } else if (last_epoch_ && !ended_) {
    ++statistics_.gaps;
    gap_untold_ = true;
    tell(EventKind::Gap, "a new publisher began; what the one before it still sent is not known");
  }
  if (last_epoch_ != epoch_) old_returns_.clear();
  last_epoch_ = epoch_;
  last_sequence_ = welcome_.sequence;
  next_delivery_ = 1;
  ended_ = false;
  asked_ = false;
  return_ = {};
  return_due_ = false;
  state_ = State::Connected;
  next_alive_ = {};
  if (welcome_.lane == Lane::SharedMemory) open_rings();
  if (leaving_) send_bye();
  tell(EventKind::Connected, "lane " + std::string(name(welcome_.lane)) + " (" + welcome_.lane_reason + "), queue " +
                                 std::to_string(welcome_.queue) + ", hold " + std::to_string(welcome_.hold) + ", when full " +
                                 std::string(name(welcome_.when_full)));
}

void SubscriberCore::on_data(const wire::Envelope& envelope, std::size_t frames) {
  if (leaving_) return;  // was on its way when we said Bye
  Received* received = fetch();
  if (ended_ || inbox_.size() >= kMaxInbox || !decoder_.data(received->data)) {
    recycle(received);
    return drop_message("a Data that does not decode or may not come now");
  }
  const wire::Data& data = received->data;
  if (data.stamp.delivery < next_delivery_ || (data.stamp.slot != 0 && welcome_.lane == Lane::Inline) ||
      !count_missed(*received)) {
    recycle(received);
    return drop_message("a Data out of order, or naming a slot on the inline lane");
  }
  next_delivery_ = data.stamp.delivery + 1;
  received->epoch_ = envelope.epoch;
  received->session_ = envelope.session;
  received->number_ = data.stamp.delivery;
  received->same_host_ = welcome_.host == service_.host();
  received->state_ = Received::State::Waiting;
  received->what_ = Received::What::Message;
  received->lane = data.stamp.slot == 0 ? Lane::Inline : Lane::SharedMemory;
  asked_ = false;
  inbox_.push_back(received);
  const bool fits = received->lane == Lane::Inline ? receive_inline(*received, frames) : frames == 1 && locate(*received);
  if (!fits) drop_waiting(*received);
}

bool SubscriberCore::receive_inline(Received& received, std::size_t frames) {
  const wire::Data& data = received.data;
  bool fits = frames == 1 + data.specs.size();
  for (std::size_t i = 0; fits && i < data.specs.size(); ++i) {
    fits = frames_.frames[1 + i].size() == data.payload_bytes[i];
    received.payload.push_back(std::move(frames_.frames[1 + i]));
  }
  return fits;
}

// It stays in the inbox, to be returned: the publisher counts it as delivered.
void SubscriberCore::drop_waiting(Received& received) {
  received.payload.clear();
  received.in_slot.clear();
  received.what_ = Received::What::Dropped;
  ++statistics_.missed;
  missed_untold_ += received.data.info.missed_before + 1;
  gap_untold_ = received.data.info.gap_before;
  drop_message("a Data whose payload does not fit its header, or lies in no slot of ours");
}

// Adds up what was missed before this message. False: it is not newer than the one before it.
bool SubscriberCore::count_missed(Received& received) {
  MessageInfo& info = received.data.info;
  std::uint64_t missed = info.missed_before;
  if (welcome_.delivery == Delivery::FanOut) {
    if (info.sequence <= last_sequence_) return false;
    missed = std::max(missed, info.sequence - last_sequence_ - 1);  // whatever was said: every number counts once
    last_sequence_ = info.sequence;
  }
  statistics_.missed += missed;
  info.missed_before = missed + std::exchange(missed_untold_, 0);
  info.gap_before = std::exchange(gap_untold_, false);
  return true;
}

void SubscriberCore::on_end() {
  wire::End end;
  if (ended_ || !decoder_.end(end)) return drop_message("an End that does not decode, or a second one");
  std::uint64_t missed = end.missed;
  if (welcome_.delivery == Delivery::FanOut && end.last_sequence >= last_sequence_) {
    missed = end.last_sequence - last_sequence_;
    last_sequence_ = end.last_sequence;
  }
  statistics_.missed += missed;
  missed_untold_ += missed;
  ended_ = true;
  return_.ended = return_due_ = true;
  state_ = State::Ended;
  Received* marker = fetch();
  marker->what_ = Received::What::End;
  marker->state_ = Received::State::Waiting;
  marker->session_ = {};
  inbox_.push_back(marker);
  tell(EventKind::Ended, "after message " + std::to_string(end.last_sequence) +
                             (missed > 0 ? ", " + std::to_string(missed) + " missed at the end" : ""));
}

void SubscriberCore::tell(EventKind kind, std::string detail) {
  events_.push_back({kind, by_name_ ? source_ : welcome_.stream, connected_to_, std::move(detail)});
}

}  // namespace arraywire::transport
