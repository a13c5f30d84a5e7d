// The publisher's end of one session's hand-over.
#pragma once

#include "memory/hand_over_socket.hpp"
#include "memory/poll_set.hpp"
#include "memory/rings.hpp"
#include "memory/slot.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace arraywire::memory {

// What the other side is worth now. Once it is not Open, it never is again.
enum class PeerState : std::uint8_t {
  Open,
  Ended,   // it died, or ended the connection
  Broken,  // it said what it must not: end the connection
};

// Knows which slots the session has, and sends what it has to be told of them as soon as the socket has room; nothing is kept for
// it but that, so what waits is bounded by kMaxSessionSlots. Every give() that was accepted counts the session once in the pool
// (Pool::hand_over before it) and is answered by exactly one Pool::unmapped: for an id from serve(), for a retire() that said
// true, or, when the session has ended, for each of slots(). Threads: one at a time. Blocking: never. Errors: give() and
// serve() throw bad_alloc, and then nothing is lost.
class SlotSender {
 public:
  // `key` is what PollSet::ready says when serve() has something to do.
  SlotSender(HandOverSocket socket, Descriptor process, const std::shared_ptr<PollSet>& polled, std::uint64_t key) noexcept;

  std::uint64_t key() const noexcept { return key_; }
  bool watched() const noexcept { return socket_watch_ && process_watch_; }  // false: the kernel had no room for that

  // false: it has that slot, or as many as it can have.
  bool give(std::shared_ptr<const SlotFile> file);
  // The pool has retired the slot. True: the session was never told of it, and has not got it any more. False: it will be told,
  // or never had it.
  bool retire(std::uint64_t id) noexcept;
  bool has(std::uint64_t id) const noexcept;  // it was told, or at least the kernel: Data may name the slot

  // Sends what waits; for when Strained ended the last try, which the poll set does not tell about.
  PeerState flush() noexcept;
  // Reads what it said, appending the ids of slots that it unmapped; looks whether it is dead; sends what waits.
  PeerState serve(std::vector<std::uint64_t>& unmapped);
  PeerState state() const noexcept { return state_; }
  // This end of the session's rings, where it offered its own: to be asked for once, before Welcome. Null: without.
  std::unique_ptr<Rings> open_rings(const std::shared_ptr<PollSet>& bells);

  std::vector<std::uint64_t> slots() const;                        // all that were given and did not come back
  std::size_t waiting() const noexcept { return waiting_; }        // packets that it has not been sent yet
  std::uint64_t ignored() const noexcept { return ignored_; }      // Unmapped of slots that it had not been told to unmap
  HandOverError broken_by() const noexcept { return broken_by_; }  // when Broken

 private:
  enum class Stage : std::uint8_t { Offering, Has, Retiring, Retired };
  struct Given {
    std::uint64_t id = 0;
    Stage stage = Stage::Offering;
    std::shared_ptr<const SlotFile> file{};  // while Offering
  };

  std::size_t position(std::uint64_t id) const noexcept;
  bool at(std::size_t position, std::uint64_t id) const noexcept;
  HandOverError hear(ReceivedPacket packet, std::vector<std::uint64_t>& unmapped);
  PacketSent send_next(Given& given) const noexcept;
  bool came_back(std::uint64_t id) noexcept;

  HandOverSocket socket_;
  Descriptor process_;
  Watch socket_watch_;  // after the descriptors: goes before they do
  Watch process_watch_;
  const std::uint64_t key_;
  PeerState state_ = PeerState::Open;
  HandOverError broken_by_ = HandOverError::Nothing;
  std::vector<Given> given_{};  // by id, ascending
  std::size_t waiting_ = 0;     // of them, Offering or Retiring
  std::uint64_t ignored_ = 0;
  Descriptor ring_{};  // that it offered, until open_rings()
  bool ring_offered_ = false;
};

}  // namespace arraywire::memory
