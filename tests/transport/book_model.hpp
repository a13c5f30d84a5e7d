// The rules of the delivery book once more, as naively as possible: every delivery is remembered for ever, every bound is
// counted anew. CheckedBook applies one step to the real book and to this, and throws at the first difference.
#pragma once

#include "transport/book.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace arraywire::transport::testing {

struct BookSetup {
  Delivery delivery = Delivery::FanOut;
  std::uint32_t history = 0;
  std::vector<Terms> seats{};  // a consumer that may come, go and come again
};

struct Step {
  enum class Kind : std::uint8_t {
    Publish,
    Join,       // as a newcomer
    Return,     // flags below
    Leave,      // kTakeOne: still holding what it took; else nothing
    Close,      // it died
    Reconnect,  // kLost: what was on the way to it is lost
    ReturnOld,  // one delivery that the seat still holds of a session that is gone; kReject
    Waive,
    BeginFinish,
    ForceEnds,
  };
  Kind kind = Kind::Publish;
  std::uint8_t seat = 0;
  std::uint8_t flags = 0;
};
// kTakeAll: and it says so when its End has arrived.
inline constexpr std::uint8_t kTakeOne = 1, kTakeAll = 2, kReleaseOldest = 4, kReleaseNewest = 8, kReject = 16, kWant = 32;
inline constexpr std::uint8_t kAgain = 64;      // repeats everything that was returned before
inline constexpr std::uint8_t kNonsense = 128;  // numbers that were never given out
inline constexpr std::uint8_t kLost = 1;
std::string to_string(const Step& step);

struct Delivered {
  std::uint64_t sequence = 0;
  std::uint64_t missed_before = 0;
  std::uint32_t attempt = 1;
  bool taken = false;
  bool released = false;
};

// One session, and what the consumer behind it knows.
struct Consumer {
  Id id{};
  Terms terms{};
  bool open = false;
  bool ended = false;
  bool end_seen = false;  // distribute: the book did send it
  bool end_told = false;  // it said that its End arrived
  bool wants = false;
  bool waived = false;
  std::uint64_t begins_after = 0;
  std::uint64_t missed_at_start = 0;
  std::uint64_t waiting = 0;  // kept or pending: its sequence number
  bool waiting_is_history = false;
  std::vector<Delivered> deliveries{};  // number - 1 is the index

  // Its own account, over all its sessions: got + told_missed == position - origin.
  std::uint64_t origin = 0, position = 0, got = 0, told_missed = 0;
  std::optional<wire::End> end{};

  std::uint64_t untaken() const;
  std::uint64_t unreleased() const;
  std::uint64_t room() const;
  bool can_send() const { return open && !ended && room() > 0; }
  std::uint64_t last_sent() const { return deliveries.empty() ? begins_after : deliveries.back().sequence; }
  void take(std::uint64_t through);
};

struct Orphan {  // distribute: a message that waits for somebody to take it
  std::uint64_t sequence = 0;
  std::uint32_t attempt = 1;
  Id rejected_by{};
};

class BookModel {
 public:
  explicit BookModel(const BookSetup& setup);

  bool distributes() const { return setup_.delivery == Delivery::Distribute; }
  bool leases(const Terms& terms) const { return distributes() || terms.lane == Lane::SharedMemory; }
  void publish();
  Opened open(std::size_t seat, Id id, const Predecessor& before);
  void close(Id id);
  void leave(Id id, const std::vector<std::uint64_t>& held);
  std::uint32_t returned(Id id, const wire::Return& message);
  std::uint32_t waive();
  void begin_finish();
  void force_ends();
  void follow(std::vector<Outgoing> outgoing);  // what the book decided to send: must be what the rules say

  bool needs_slot() const;
  bool has_taker() const;
  bool finished() const;
  std::vector<std::uint64_t> referenced() const;  // sequence numbers of messages that something still holds
  std::string state() const;

  std::vector<Consumer> consumers;
  std::vector<Consumer> old;  // sessions that are gone and still hold something
  std::vector<Orphan> orphans;
  std::uint64_t published = 0;
  std::uint64_t abandoned = 0;
  bool finishing = false;
  bool forced = false;
  PublishOutcome outcome{};

 private:
  Consumer* find(Id id);
  void send(Consumer& c, std::uint64_t sequence, bool from_history);
  void send_end(Consumer& c);
  void offer(Consumer& c);
  void advance(Consumer& c);
  void end(Id id, const std::vector<std::uint64_t>& held, bool died);
  void give_up(Consumer& c, std::size_t index, bool attempted, bool rejected);
  bool eligible(const Consumer& c, const Orphan& orphan) const;
  bool all_released() const;
  void follow_data(const Outgoing& out);
  void follow_end(const Outgoing& out);

  BookSetup setup_;
  std::vector<Outgoing> expected_{};  // fan-out; without messages
  std::vector<std::uint64_t> expected_sequences_{};
};

class CheckedBook {
 public:
  explicit CheckedBook(const BookSetup& setup);
  ~CheckedBook();
  CheckedBook(const CheckedBook&) = delete;
  CheckedBook& operator=(const CheckedBook&) = delete;

  bool can(const Step& step) const;
  void apply(const Step& step);  // only if can(); throws std::logic_error when the book is wrong
  void check() const;            // what must hold after every step; throws too
  void finish();                 // everyone takes and releases everything: the stream must end, and nothing be left over
  const BookModel& model() const { return model_; }

 private:
  class Payload;

  void publish();
  void join(std::size_t seat, const Predecessor& before);
  void reconnect(std::size_t seat, bool lost);
  void give_back(std::size_t seat, std::uint8_t flags);
  void give_back_old(std::size_t seat, std::uint8_t flags);
  void take_and_release_everything();
  void follow();
  void check_session(const Consumer& c) const;

  BookSetup setup_;
  std::uint64_t generation_ = 0;
  std::vector<std::unique_ptr<Payload>> payloads_{};  // of every message
  MessageShelf shelf_{};
  DeliveryBook book_;
  BookModel model_;
};

}  // namespace arraywire::transport::testing
