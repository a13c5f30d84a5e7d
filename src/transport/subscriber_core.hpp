// The receiving side's socket and session.
#pragma once

#include "arraywire/receiving.hpp"
#include "memory/mapped_slots.hpp"
#include "memory/poll_set.hpp"
#include "memory/rings.hpp"
#include "memory/slot_receiver.hpp"
#include "transport/former_sessions.hpp"
#include "transport/service.hpp"
#include "transport/sockets.hpp"
#include "transport/spin.hpp"
#include "wire/decoder.hpp"
#include "wire/encoder.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace arraywire::transport {

class SubscriberCore;

// One received message: in the inbox, or in the application's hands as a Sample. Recycled with its memory.
// Threads: SubscriberCore's mutex while it waits; its sample's thread from take to give_back, which never changes `session`,
// `number` and `state`; those are read under the mutex.
class Received {
 public:
  enum class State : std::uint8_t { Free, Waiting, Held };
  enum class What : std::uint8_t {
    Message,
    Unmapped,  // a message in a slot that is not mapped yet
    Dropped,   // a delivery whose payload did not fit its header: only to be returned
    End,       // the stream ended here
  };

  wire::Data data{};
  std::vector<zmq::message_t> payload{};       // inline
  std::vector<memory::MappedBytes> in_slot{};  // shared memory
  Lane lane = Lane::Inline;
  int exceptions = 0;  // in flight in its thread when it was taken: one more, and it is an exception that drops its sample

 private:
  friend class SubscriberCore;
  What what_ = What::Message;
  State state_ = State::Free;
  Id epoch_{};                // that it is of, and
  Id session_{};              // that it was delivered to
  std::uint64_t number_ = 0;  // of the delivery
  bool same_host_ = false;
  std::shared_ptr<SubscriberCore> owner_{};  // while Held: a sample may outlive its Subscriber

 public:
  std::span<const std::byte> bytes(std::size_t index) const {
    return lane == Lane::Inline ? bytes_of(payload[index]) : in_slot[index].bytes;
  }
  // Gives it back. `rejected`: distribute, somebody else is to have it. Any thread.
  static void give_back(Received* received, bool rejected) noexcept;
};

// Concurrency: one mutex covers the DEALER and everything about the session. take, the service thread and releases on any thread
// use the socket under it. Every critical section is a Section: it ends by handling what was given back meanwhile, sending the
// Return, reading ZMQ_EVENTS (ZMQ_FD is edge-triggered and any zmq call may consume the edge) and making `wake_` tell whether
// take may succeed. give_back never waits for the mutex: it queues under a leaf lock, and whoever holds the mutex sends.
// Lifetime: shared by Subscriber, samples and Service.
// A forked child has copies: calls throw Error, and giving back and destroying touch neither sockets nor locks.
class SubscriberCore final : public Participant, public std::enable_shared_from_this<SubscriberCore> {
 public:
  SubscriberCore(Service& service, std::string source, SubscriberOptions options);  // throws Error
  ~SubscriberCore() override;

  // ---- one thread at a time
  Result<Received*, TakeError> take(SteadyTime deadline) EXCLUDES(mutex_);
  // take in two steps, for take_into: looks at the next message without taking it.
  Result<const Received*, TakeError> peek(SteadyTime deadline) EXCLUDES(mutex_);
  bool ready() EXCLUDES(mutex_);  // take would say something now; asks for a message where the policy needs it
  SteadyTime last_taken() EXCLUDES(mutex_);
  // The Subscriber goes. Samples may stay.
  void leave() EXCLUDES(mutex_);  // blocks for a round trip, at most 200 ms

  // ---- any thread
  int descriptor() const noexcept { return epoll_; }
  // From now on it is readable as soon as take may succeed, also while nobody has taken since the last message. Otherwise only
  // after take, peek or ready had nothing, which saves the publisher a system call per message.
  void watch_always() EXCLUDES(mutex_);
  SubscriberStatus status() EXCLUDES(mutex_);
  SubscriberStatistics statistics() EXCLUDES(mutex_);
  Metadata stream_metadata() EXCLUDES(mutex_);
  std::string stream() EXCLUDES(mutex_);
  void count_copy() EXCLUDES(mutex_);
  Service& service() const noexcept { return service_; }  // valid while the Subscriber is there

  // ---- service thread
  std::vector<int> descriptors() const override {
    return {monitor_descriptor_, attention_.descriptor(), hand_overs_->descriptor(), unused_slots_->descriptor()};
  }
  SteadyTime serve(std::uint64_t ready, SteadyTime now) override;
  void close() noexcept override;

 private:
  friend class Received;
  friend class FrameFeeder;  // of the fuzzer: what handle() does with frames, without a socket that brings them
  class Section;
  class Look;
  struct GivenBack {
    Received* received;
    bool rejected;
  };
  struct OldReturn {
    Id session;
    wire::Return returns;
  };
  // One session's hand-over. It stays while samples of the session do: when it ends, the publisher takes back what they hold.
  struct SlotSession {
    Id session;
    std::optional<memory::SlotReceiver> receiver;  // until the publisher ends it; what has arrived may still lie in the slots
    memory::MappedSlots slots;
    std::unique_ptr<memory::Rings> rings{};  // what its Data and Returns pass through, from Welcome on, if it has them
  };
  struct NoHandOver {
    std::string reason;
    bool busy = false;  // worth another try at once
  };

  void open_sockets() REQUIRES(mutex_);
  void abandon_sockets() noexcept ARRAYWIRE_TSA(no_thread_safety_analysis);
  void give_back(Received* received, bool rejected) noexcept EXCLUDES(mutex_);
  void send_given_back(Tell events) noexcept ARRAYWIRE_TSA(no_thread_safety_analysis);
  void collect_given_back() REQUIRES(mutex_);
  void settle() REQUIRES(mutex_);
  void drain() REQUIRES(mutex_);         // everything
  void drain_dealer() REQUIRES(mutex_);  // what came by the socket, and in the ring before that
  bool drain_ring() REQUIRES(mutex_);    // true: something was there
  void drain_next() REQUIRES(mutex_);    // enough for a first look: the socket's only without a ring
  bool worth_spinning() REQUIRES(mutex_);
  std::optional<TakeError> look_again(bool all_seen, bool last) REQUIRES(mutex_);
  memory::Rings* rings() REQUIRES(mutex_);
  void handle_entry(std::span<const std::byte> bytes) REQUIRES(mutex_);
  bool put_in_ring(std::span<const std::byte> message) REQUIRES(mutex_);
  void open_rings() REQUIRES(mutex_);
  bool anything_in_ring() EXCLUDES(mutex_);
  bool spin(std::span<const int> descriptors, SteadyTime deadline) EXCLUDES(mutex_);  // false: nothing came
  SendResult send_return() REQUIRES(mutex_);
  SendResult say(std::span<const std::byte> message) REQUIRES(mutex_);  // through the socket
  void send_returns() REQUIRES(mutex_);
  wire::Return* returns_for(const Received& received) REQUIRES(mutex_);  // null: nobody waits for it
  std::optional<TakeError> next(bool ask) REQUIRES(mutex_);              // none: the inbox begins with a message
  template <class Found> auto wait_for_message(SteadyTime deadline, Found found) -> Result<decltype(found()), TakeError>;
  Received* take_front() REQUIRES(mutex_);
  void pop_front() REQUIRES(mutex_);
  void await_bye() EXCLUDES(mutex_);
  bool bye_answered() REQUIRES(mutex_);
  Received* fetch() REQUIRES(mutex_);
  void recycle(Received* received) REQUIRES(mutex_);

  void handle() REQUIRES(mutex_);
  void on_welcome(const wire::Envelope& envelope) REQUIRES(mutex_);
  void on_data(const wire::Envelope& envelope, std::size_t frames) REQUIRES(mutex_);
  bool receive_inline(Received& received, std::size_t frames) REQUIRES(mutex_);
  std::optional<NoHandOver> begin_hand_over(Id session) REQUIRES(mutex_);
  std::filesystem::path hand_over_socket() const REQUIRES(mutex_);
  void serve_slots() EXCLUDES(mutex_);
  bool next_news(Id session) EXCLUDES(mutex_);
  void add_slot(Id session, std::uint64_t slot, Result<memory::Mapping, memory::MapFailure> mapped) EXCLUDES(mutex_);
  void on_hand_over_error(SlotSession& slots, memory::HandOverError error) REQUIRES(mutex_);
  void go_inline(std::string reason) REQUIRES(mutex_);
  bool locate(Received& received) REQUIRES(mutex_);
  void locate_waiting(Id session, bool all_slots_are_known) REQUIRES(mutex_);
  void drop_waiting(Received& received) REQUIRES(mutex_);
  void forget_slot_sessions() REQUIRES(mutex_);
  SlotSession* slot_session(Id session) REQUIRES(mutex_);
  void on_end() REQUIRES(mutex_);
  void on_refused(std::string reason) REQUIRES(mutex_);
  bool count_missed(Received& received) REQUIRES(mutex_);
  void drop_message(std::string_view why) REQUIRES(mutex_);
  void send_hello() REQUIRES(mutex_);
  void send_bye() REQUIRES(mutex_);
  bool handshake_succeeded() REQUIRES(mutex_);
  void search(SteadyTime now) REQUIRES(mutex_);
  void watch_silence(SteadyTime now) REQUIRES(mutex_);
  void heard() REQUIRES(mutex_);
  void send_alive(SteadyTime now) REQUIRES(mutex_);
  bool in_session() const REQUIRES(mutex_);
  bool awaits_welcome() const REQUIRES(mutex_);                  // our Hello is on its way, or its answer
  std::uint32_t hold() const REQUIRES(mutex_);                   // samples that may be unreleased at once
  bool leases(const Received& received) const REQUIRES(mutex_);  // it holds something at the publisher until it is released
  void tell(EventKind kind, std::string detail) REQUIRES(mutex_);

  Service& service_;  // not after close()
  const std::shared_ptr<const memory::ProcessMark> process_;
  const std::shared_ptr<const EventSink> events_sink_;
  const std::string source_;
  const bool by_name_;
  const SubscriberOptions options_;
  int epoll_ = -1;
  int monitor_descriptor_ = -1;
  int dealer_descriptor_ = -1;
  memory::EventFd wake_{};       // level: take may succeed, or has an end to report
  memory::EventFd attention_{};  // the service thread is to look
  const std::shared_ptr<memory::PollSet> hand_overs_ = std::make_shared<memory::PollSet>();
  const std::shared_ptr<memory::PollSet> bells_ = std::make_shared<memory::PollSet>();
  Spin spin_;  // of the taking thread
  const std::shared_ptr<memory::UnmapQueue> unused_slots_ = memory::UnmapQueue::create();

  mutable Mutex mutex_{};
  zmq::socket_t dealer_ GUARDED_BY(mutex_){};
  zmq::socket_t monitor_ GUARDED_BY(mutex_){};
  wire::Encoder encoder_ GUARDED_BY(mutex_){};
  wire::Decoder decoder_ GUARDED_BY(mutex_){};
  Frames frames_ GUARDED_BY(mutex_){};
  std::vector<Event> events_ GUARDED_BY(mutex_){};

  // where
  std::string connected_to_ GUARDED_BY(mutex_){};
  std::filesystem::path folder_ GUARDED_BY(mutex_){};
  SteadyTime last_heard_ GUARDED_BY(mutex_){};
  SteadyTime next_alive_ GUARDED_BY(mutex_){};
  std::uint32_t unanswered_ GUARDED_BY(mutex_) = 0;

  // the session
  SubscriberStatus::State state_ GUARDED_BY(mutex_) = SubscriberStatus::State::Searching;
  bool hello_due_ GUARDED_BY(mutex_) = false;
  Id epoch_ GUARDED_BY(mutex_){};
  Id session_ GUARDED_BY(mutex_){};
  FormerSessions former_ GUARDED_BY(mutex_){};
  Id welcomed_ GUARDED_BY(mutex_){};  // the session that welcome_ is of
  wire::Welcome welcome_ GUARDED_BY(mutex_){};
  std::string reason_ GUARDED_BY(mutex_){};  // of Refused
  std::uint64_t next_delivery_ GUARDED_BY(mutex_) = 1;
  bool ended_ GUARDED_BY(mutex_) = false;  // this epoch's End has arrived
  Id last_epoch_ GUARDED_BY(mutex_){};
  std::uint64_t last_sequence_ GUARDED_BY(mutex_) = 0;
  std::uint64_t missed_untold_ GUARDED_BY(mutex_) = 0;  // to be added to the next message's missed_before
  bool gap_untold_ GUARDED_BY(mutex_) = false;
  bool asked_ GUARDED_BY(mutex_) = false;  // latest: a message was asked for and has not come

  // its slots
  std::vector<std::unique_ptr<SlotSession>> slot_sessions_
      GUARDED_BY(mutex_){};                       // those before this one only while samples need it
  std::vector<memory::UnmappedSlot> unmapped_{};  // the service thread's, reused
  std::vector<Id> served_{};                      // the service thread's, reused
  std::string no_slots_ GUARDED_BY(mutex_){};     // why this publisher's slots are not used

  // what was received
  std::vector<std::unique_ptr<Received>> records_ GUARDED_BY(mutex_){};
  std::vector<Received*> free_ GUARDED_BY(mutex_){};
  std::vector<Received*> inbox_ GUARDED_BY(mutex_){};
  std::uint32_t unreleased_ GUARDED_BY(mutex_) = 0;
  wire::Return return_ GUARDED_BY(mutex_){};  // not yet sent, of this session
  bool return_due_ GUARDED_BY(mutex_) = false;
  std::vector<OldReturn> old_returns_ GUARDED_BY(mutex_){};  // of sessions before this one
  SteadyTime last_taken_ GUARDED_BY(mutex_){};
  SubscriberStatistics statistics_ GUARDED_BY(mutex_){};
  bool wake_is_set_ GUARDED_BY(mutex_) = false;
  bool dealer_used_ GUARDED_BY(mutex_) = false;     // in this critical section: ZMQ_EVENTS is to be read
  bool sleeps_ GUARDED_BY(mutex_) = false;          // whoever takes had nothing and is not looking
  bool always_watched_ GUARDED_BY(mutex_) = false;  // somebody waits for descriptor()
  bool leaving_ GUARDED_BY(mutex_) = false;         // Bye was said
  SteadyTime all_back_ GUARDED_BY(mutex_){};        // when the last sample of a Subscriber that is gone was given back
  bool left_ GUARDED_BY(mutex_) = false;            // the Subscriber is gone; samples of it may not be
  bool answered_ GUARDED_BY(mutex_) = false;        // and the publisher has said it too
  bool closed_ GUARDED_BY(mutex_) = false;

  Mutex given_back_mutex_{};  // a leaf
  std::vector<GivenBack> given_back_ GUARDED_BY(given_back_mutex_){};
  std::atomic<bool> any_given_back_{false};
  std::vector<GivenBack> collected_ GUARDED_BY(mutex_){};  // scratch
};

}  // namespace arraywire::transport
