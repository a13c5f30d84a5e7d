// The delivery book: who may be sent to, what holds a slot, what is missed. A plain state machine, without sockets and clocks.
#pragma once

#include "arraywire/policy.hpp"
#include "core/ids.hpp"
#include "transport/message.hpp"
#include "wire/messages.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace arraywire::transport {

inline constexpr std::uint32_t kMaxAttempts = 3;  // of one message (distribute)

struct Grant {
  std::uint32_t queue = 0;
  std::uint32_t hold = 0;
  bool operator==(const Grant&) const = default;
};

struct Terms {
  Grant grant{};
  WhenFull when_full = WhenFull::DropNewest;  // resolved: never Automatic
  Lane lane = Lane::Inline;
};

// What a Hello says of the time before it.
struct Predecessor {
  Id session{};                             // none: a newcomer
  std::optional<std::uint64_t> sequence{};  // what it got last of this epoch; none: nothing of this epoch
  std::span<const std::uint64_t> held{};    // deliveries of that session that it still holds
};

struct Opened {
  std::uint64_t sequence = 0;  // every message after this one will be delivered or counted as missed
  std::uint64_t missed = 0;    // between what it got last and that one
};

struct Outgoing {
  Id session{};
  MessagePtr message{};  // none: this is the session's End
  wire::Stamp stamp{};
  wire::End end{};
};

struct PublishOutcome {
  std::uint32_t receivers = 0;  // sent to, or kept for
  std::uint32_t missed = 0;
};

struct SessionCounts {
  std::uint64_t sent = 0, taken = 0, missed = 0;
  std::uint32_t leased = 0;
  bool pending = false;   // publish waits for it
  bool complete = false;  // has taken everything (distribute: released it) and has its End
};

// Everything it decides to send is appended to outgoing(), in order; the caller sends it and reports failures with close().
// Accounting that always holds for an open fan-out session: messages published after Opened::sequence =
// deliveries sent + missed (reported or not) + 1 if one is kept + 1 if one is pending.
class DeliveryBook {
 public:
  DeliveryBook(Delivery delivery, std::uint32_t history) : delivery_(delivery), history_limit_(history) {}

  // ---- sessions
  // At most what the free part of `budget_slots` (slots that the pool can have at the current message size) can back once the
  // session before this one is gone, else nothing.
  std::optional<Grant> grant(Grant wanted, Lane lane, std::uint64_t budget_slots, const Predecessor& before = {}) const;
  Opened open(Id session, const Terms& terms, const Predecessor& before);
  // It is gone: whatever it had comes back, and in distribute goes to the next free session, as one more attempt: any of it may
  // be what killed the worker.
  void close(Id session);
  // It leaves in good order, but still holds these deliveries: all others come back now, these when they are returned. What it
  // had not taken was not attempted.
  void leave(Id session, std::span<const std::uint64_t> held);
  bool knows(Id session) const { return sessions_.contains(session); }
  std::size_t open_sessions() const { return open_sessions_; }
  SessionCounts counts(Id session) const;
  template <class F> void for_each_session(F&& f) const {
    for (const auto& [id, session] : sessions_) {
      if (!session.leaving) f(id);
    }
  }

  // Cumulative and idempotent. Returns how many of its numbers named nothing that is outstanding.
  std::uint32_t returned(Id session, const wire::Return& message);

  // ---- publishing
  // Borrowed memory will not do for the next message: a session gets slots only, or would have to keep the message (policy
  // latest, not asked), or history will.
  bool needs_slot() const;
  bool keeps_any() const;  // a session waits, or will ask, for a message that was published
  // Distribute: somebody has room for a new message. FanOut: always.
  bool has_taker();
  // Sequence numbers are given here. Only while waiting() is 0 and before begin_finish(); distribute: only when has_taker().
  std::uint64_t publish(MessagePtr message);
  std::uint32_t waiting() const { return waiting_; }  // sessions of policy block for which the last message is pending
  // The block limit ran out: the last message counts as missed for those, and they are not waited for until they take.
  std::vector<Id> waive();
  const PublishOutcome& outcome() const { return outcome_; }  // of the last message

  // ---- the end
  void begin_finish();    // what is kept is sent as room comes, then End
  void force_ends();      // End now to everyone who has not got it; what is still kept or pending counts as missed
  bool finished() const;  // every session has taken everything (distribute: released it) and has its End, or is gone

  std::uint64_t sequence() const { return sequence_; }
  std::vector<Outgoing>& outgoing() { return outgoing_; }
  std::uint64_t abandoned() const { return abandoned_; }
  std::size_t undelivered() const { return redeliveries_.size(); }  // distribute: given back, and nobody has them now

 private:
  struct Delivered {
    std::uint64_t number = 0;
    std::uint32_t attempt = 1;
    MessagePtr message{};  // the lease; none on the inline lane in fan-out
  };
  struct Session {
    Terms terms{};
    std::uint64_t last_delivery = 0;
    std::uint64_t taken_through = 0;
    std::uint64_t missed = 0;
    std::uint64_t missed_unreported = 0;
    std::vector<Delivered> unreleased{};  // by rising number
    MessagePtr kept{};                    // latest: the newest that it did not get
    MessagePtr pending{};                 // block: publish waits for it to take this
    bool kept_from_history = false;
    bool wants = false;   // latest: it asked and was not answered
    bool waived = false;  // it let publish wait for the whole limit
    bool leaving = false;
    bool end_sent = false;
    bool end_arrived = false;
  };
  struct Redelivery {
    MessagePtr message{};
    std::uint32_t attempt = 1;  // of the delivery to come
    Id rejected_by{};
  };

  bool leases(const Session& s) const { return delivery_ == Delivery::Distribute || s.terms.lane == Lane::SharedMemory; }
  bool has_room(const Session& s) const;
  std::uint64_t room(const Session& s) const;
  void send(Id id, Session& s, const MessagePtr& message, std::uint32_t attempt, bool from_history);
  void send_end(Id id, Session& s);
  void miss(Session& s);
  void offer(Id id, Session& s, const MessagePtr& message);  // fan-out
  void advance(Id id, Session& s);                           // room may have come
  void take_back(Delivered delivered, std::uint32_t attempts, Id rejected_by);
  void redeliver();
  using Sessions = std::map<Id, Session>;
  Sessions::iterator roomiest(Id except);
  std::uint64_t slots_granted(const Predecessor& leaves) const;
  enum class Parting : std::uint8_t { InGoodOrder, Lost };
  void end(Id id, std::span<const std::uint64_t> held, Parting parting);
  void vacate(Id id, std::span<const std::uint64_t> held, Parting parting);
  std::size_t history_start(const Terms& terms, const Predecessor& before) const;
  bool may_end(const Session& s) const;
  bool all_released() const;
  void advance_all();
  bool release(Id id, Session& s, std::uint64_t number, bool rejected);
  bool is_complete(const Session& s) const;
  void drop_pending(Session& s);

  Delivery delivery_;
  std::uint32_t history_limit_;
  std::uint64_t sequence_ = 0;
  Sessions sessions_{};
  std::size_t open_sessions_ = 0;  // not leaving
  std::uint32_t waiting_ = 0;
  PublishOutcome outcome_{};
  std::vector<MessagePtr> history_{};  // oldest first, at most history_limit_
  std::deque<Redelivery> redeliveries_{};
  std::uint64_t abandoned_ = 0;
  bool finishing_ = false;
  std::vector<Outgoing> outgoing_{};
};

}  // namespace arraywire::transport
