// The sending side's sockets and sessions around its delivery book.
#pragma once

#include "arraywire/metadata.hpp"
#include "arraywire/publishing.hpp"
#include "memory/hand_over_listener.hpp"
#include "memory/pool.hpp"
#include "memory/rings.hpp"
#include "transport/book.hpp"
#include "transport/former_sessions.hpp"
#include "transport/service.hpp"
#include "transport/sockets.hpp"
#include "transport/spin.hpp"
#include "transport/stream_folder.hpp"
#include "wire/decoder.hpp"
#include "wire/encoder.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace arraywire::transport {

struct PublisherSettings {
  std::string stream{};
  std::vector<std::string> listen{};
  Delivery delivery = Delivery::FanOut;
  std::uint32_t history = 0;
  std::chrono::nanoseconds block_limit{};
  std::chrono::nanoseconds spin{};
  LaneChoice lane = LaneChoice::Automatic;
  Accounts allow{};
  Metadata metadata{};
  std::function<bool()> give_up{};
};

// What is to be published, borrowed for the call.
struct Draft {
  std::span<const std::byte> header;  // as wire::Encoder::data made it
  std::span<const Frame> frames;
  memory::Slot* slot = nullptr;  // of the pool, that the payload is in; none: borrowed memory
};

enum class PublishStatus : std::uint8_t {
  Sent,
  NeedsSlot,  // borrowed memory will not do: pack it into a slot and come again. Nothing was sent
  NoTaker,
  Stopped,
};

// Concurrency: one mutex covers the book, the sessions and all ROUTERs. The publishing thread and the service thread both use
// the sockets under it. Every critical section is a Section: it ends by sending what the book decided, reading ZMQ_EVENTS
// (ZMQ_FD is edge-triggered and any zmq call may consume the edge), and waking the publishing thread if it waits.
// Waiting is poll(2), never under the mutex. Events reach the application after the mutex is let go.
// A forked child has a copy: calls throw Error, and destroying it touches neither sockets nor locks.
class PublisherCore final : public Participant {
 public:
  PublisherCore(Service& service, std::shared_ptr<memory::Pool> pool, PublisherSettings settings);  // binds; throws Error
  ~PublisherCore() override;

  // ---- the publish turn: one thread at a time
  PublishStatus publish(const Draft& draft, Published& result) EXCLUDES(mutex_);
  void read_returns() EXCLUDES(mutex_);
  bool needs_slot() EXCLUDES(mutex_);  // borrowed memory will not do for the next message
  void hand_over_all() EXCLUDES(mutex_);
  void hand_over(memory::Slot& slot) EXCLUDES(mutex_);  // about to be filled: sessions that have not got it map it meanwhile
  bool wait_for_sessions(std::size_t count, SteadyTime deadline) EXCLUDES(mutex_);
  FinishReport finish(SteadyTime deadline) EXCLUDES(mutex_);
  void count_copies(std::uint64_t copies) EXCLUDES(mutex_);
  // While a loan waits for a slot, which a Return may bring.
  class SlotWait {
   public:
    explicit SlotWait(PublisherCore& core) noexcept;
    ~SlotWait() { core_.slot_waits_.fetch_sub(1, std::memory_order_relaxed); }
    SlotWait(const SlotWait&) = delete;
    SlotWait& operator=(const SlotWait&) = delete;

   private:
    PublisherCore& core_;
  };

  // ---- any thread
  PublisherStatistics statistics() EXCLUDES(mutex_);
  const std::vector<std::string>& endpoints() const noexcept { return endpoints_; }

  // ---- service thread
  std::vector<int> descriptors() const override { return descriptors_; }
  SteadyTime serve(std::uint64_t ready, SteadyTime now) override;
  bool wanted(std::size_t descriptor, bool rested) const override;
  std::chrono::nanoseconds rest() const override { return rest_; }
  void close() noexcept override;

 private:
  // Where a session can be reached: a ROUTER and its routing id there. An address, never an identity.
  struct Address {
    std::size_t router = 0;
    std::string routing_id{};
    bool operator==(const Address&) const = default;
  };
  struct Peer {
    Address address{};
    ConsumerStatistics about{};
    std::uint32_t unanswered = 0;  // Alives sent since it was heard
    SteadyTime next_alive{};
    bool leaving = false;             // only its held deliveries are still known
    bool unreachable = false;         // shared memory: its connection is gone, its process is not known to be
    std::vector<Outgoing> backlog{};  // zmq had no room for these; the guard above the credits, so nearly always empty
    std::unique_ptr<memory::SlotSender> slots{};  // shared memory: its hand-over
    std::unique_ptr<memory::Rings> rings{};       // and what its Data and Returns pass through, if it has them
  };
  class Section;

  void check_metadata();  // throws Error
  void abandon_sockets() noexcept ARRAYWIRE_TSA(no_thread_safety_analysis);
  void bind(const std::string& endpoint) REQUIRES(mutex_);
  bool drain() REQUIRES(mutex_);          // true: something was received
  bool drain_routers() REQUIRES(mutex_);  // likewise
  bool drain_rings() REQUIRES(mutex_);    // likewise
  void drain_returns() REQUIRES(mutex_);  // whatever says what was taken and released
  void drain_ring(Id id) REQUIRES(mutex_);
  bool listen() REQUIRES(mutex_);  // false: something has come meanwhile
  bool awaits_returns() const REQUIRES(mutex_);
  zmq::socket_t& use_router(std::size_t index) REQUIRES(mutex_);
  bool hear_bells() REQUIRES(mutex_);  // false: none had rung
  void ring_bells() REQUIRES(mutex_);
  bool any_return() EXCLUDES(mutex_);  // in a ring
  bool spin(SteadyTime deadline) EXCLUDES(mutex_);
  void settle() REQUIRES(mutex_);
  void flush() REQUIRES(mutex_);
  void probe() REQUIRES(mutex_);
  SendResult send(Peer& peer, const Outgoing& out) REQUIRES(mutex_);
  bool put(Peer& peer, const Message& message, Id session, const wire::Stamp& stamp) REQUIRES(mutex_);
  void send_or_shelve(Id id, Outgoing out) REQUIRES(mutex_);
  void retry_backlogs() REQUIRES(mutex_);
  void send_alives(SteadyTime now) REQUIRES(mutex_);
  bool drain_or_probe(std::uint64_t received_before) REQUIRES(mutex_);

  void handle(std::size_t router) REQUIRES(mutex_);
  void on_hello(const Address& from, const wire::Envelope& envelope, int pid) REQUIRES(mutex_);
  void refuse(const Address& to, const wire::Envelope& hello, const std::string& name, const std::string& reason)
      REQUIRES(mutex_);
  std::optional<std::string> objection(const wire::Hello& hello) const REQUIRES(mutex_);
  void supersede(const Address& from, Id replaced) REQUIRES(mutex_);
  void on_known(const wire::Envelope& envelope) REQUIRES(mutex_);
  void drop_message(std::string_view why) REQUIRES(mutex_);
  void depart(Id id, const std::string& why, const wire::Bye* good_bye = nullptr) REQUIRES(mutex_);
  void note_departure(Id id, Peer& peer, const std::string& why) REQUIRES(mutex_);
  void lost(const Address& address) REQUIRES(mutex_);
  std::uint64_t budget_slots() const REQUIRES(mutex_);
  struct Offer;
  Offer choose_lane(const wire::Envelope& envelope, const wire::Hello& hello, const Predecessor& before) REQUIRES(mutex_);
  void forget(std::map<Id, Peer>::iterator peer) REQUIRES(mutex_);
  void give(Peer& peer, std::shared_ptr<const memory::SlotFile> file) REQUIRES(mutex_);
  void serve_hand_over(std::uint64_t ready, SteadyTime now) REQUIRES(mutex_);
  void serve_sender(Id id) REQUIRES(mutex_);
  void retire_slots() REQUIRES(mutex_);
  ConsumerStatistics about(Id id, const Peer& peer) const REQUIRES(mutex_);
  void tell(EventKind kind, std::string peer, std::string detail) REQUIRES(mutex_);
  void write_info() REQUIRES(mutex_);
  void tell_abandoned() REQUIRES(mutex_);
  void choose_rest(SteadyTime now) REQUIRES(mutex_);
  void waive() REQUIRES(mutex_);

  enum class Awaited : std::uint8_t { Done, Deadline, Stopped };
  template <class Done>  // done() is called under the mutex, after everything received was handled
  Awaited await(Done done, SteadyTime deadline, bool until_hard_stop = false) EXCLUDES(mutex_);
  void start(const Draft& draft) REQUIRES(mutex_);

  Service& service_;
  const std::shared_ptr<const memory::ProcessMark> process_;
  const std::shared_ptr<memory::Pool> pool_;
  const PublisherSettings settings_;
  const Id epoch_;
  std::unique_ptr<StreamFolder> folder_;
  std::vector<std::string> endpoints_{};
  static constexpr std::uint64_t kListenerReady = 1, kRetiredReady = 2;  // bits of the first two, where there is a listener
  static constexpr std::size_t kBells = 2;                               // the third
  std::vector<int> descriptors_{};                                       // the last ones are the ROUTERs
  std::vector<int> awaited_{};                                           // the publish turn's, reused
  Spin spin_;                                                            // likewise
  const std::shared_ptr<memory::PollSet> bells_ = std::make_shared<memory::PollSet>();
  std::atomic<bool> urgent_{false};  // somebody waits for what the service thread has to send
  std::atomic<int> slot_waits_{0};
  static constexpr std::chrono::milliseconds kShortRest{1}, kLongRest{50};
  std::chrono::milliseconds rest_ = kShortRest;  // the service thread's, as are:
  SteadyTime served_{};
  memory::EventFd changed_{};  // set when something happened that the publishing thread may wait for
  memory::EventFd more_{};     // set when a flood of messages was left waiting: the service thread goes on with it

  mutable Mutex mutex_{};
  std::vector<zmq::socket_t> routers_ GUARDED_BY(mutex_){};                  // through use_router(), but for closing
  bool routers_used_ GUARDED_BY(mutex_) = false;                             // in this critical section: ZMQ_EVENTS is to be read
  std::unique_ptr<memory::HandOverListener> listener_ GUARDED_BY(mutex_){};  // none: inline only
  SteadyTime next_hand_over_look_ GUARDED_BY(mutex_){};
  MessageShelf shelf_ GUARDED_BY(mutex_){};  // before book_ and peers_: outlives their messages
  DeliveryBook book_ GUARDED_BY(mutex_);
  std::map<Id, Peer> peers_ GUARDED_BY(mutex_){};
  FormerSessions former_ GUARDED_BY(mutex_){};
  std::vector<ConsumerStatistics> departed_ GUARDED_BY(mutex_){};
  wire::Encoder encoder_ GUARDED_BY(mutex_){};
  wire::Decoder decoder_ GUARDED_BY(mutex_){};
  wire::Return return_ GUARDED_BY(mutex_){};  // reused
  Frames frames_ GUARDED_BY(mutex_){};        // reused
  std::vector<Event> events_ GUARDED_BY(mutex_){};
  std::size_t message_bytes_ GUARDED_BY(mutex_) = 0;       // of the last message that was in a slot
  std::uint64_t received_ GUARDED_BY(mutex_) = 0;          // messages, by any thread
  std::uint64_t received_at_poll_ GUARDED_BY(mutex_) = 0;  // as the service thread began to wait
  bool news_ GUARDED_BY(mutex_) = false;                   // since it served: more than Returns that publish may as well read
  std::uint64_t dropped_ GUARDED_BY(mutex_) = 0;
  std::uint64_t copies_ GUARDED_BY(mutex_) = 0;
  std::uint64_t abandoned_told_ GUARDED_BY(mutex_) = 0;
  std::uint64_t progress_ GUARDED_BY(mutex_) = 0;       // everything that await's conditions may depend on
  std::uint64_t progress_seen_ GUARDED_BY(mutex_) = 0;  // by the publishing thread, when it last looked
  bool waiting_ GUARDED_BY(mutex_) = false;             // the publishing thread waits, or is about to
  bool changed_is_set_ GUARDED_BY(mutex_) = false;
  bool spinning_ GUARDED_BY(mutex_) = false;                 // and looks at the rings itself meanwhile
  std::vector<zmq::message_t> parts_ GUARDED_BY(mutex_){};   // reused
  std::vector<std::uint64_t> numbers_ GUARDED_BY(mutex_){};  // reused
  std::vector<std::uint64_t> due_ GUARDED_BY(mutex_){};      // reused
  std::vector<Id> due_sessions_ GUARDED_BY(mutex_){};        // reused
  bool serving_ GUARDED_BY(mutex_) = false;                  // by the service thread
  bool closed_ GUARDED_BY(mutex_) = false;
  bool finishing_ GUARDED_BY(mutex_) = false;
};

}  // namespace arraywire::transport
