// The subscriber's end of one session's hand-over.
#pragma once

#include "memory/hand_over_socket.hpp"
#include "memory/poll_set.hpp"
#include "memory/rings.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace arraywire::memory {

// A slot on offer: check_and_map() makes it a mapping.
struct OfferedSlot {
  std::uint64_t id = 0;
  std::uint64_t bytes = 0;
  Descriptor descriptor{};  // of whatever the publisher sent
};
struct RingPart {};  // of the rings; nothing to be done, open_rings() has it
using SlotNews = std::variant<OfferedSlot, Retire, RingPart>;

struct ConnectFailure {
  const char* step = "";  // what was attempted
  int error = 0;          // errno
  bool busy = false;      // too many are connecting at this moment: it is worth another try
};
std::string describe(const ConnectFailure& failure);

// Threads: one at a time. Blocking: never. When it goes, the connection ends, and with it the session at the publisher.
class SlotReceiver {
 public:
  // Connects to the publisher's socket, greets and offers a ring; to be done before Hello. `key` is what PollSet::ready says when
  // there is news.
  static Result<SlotReceiver, ConnectFailure> connect(const std::filesystem::path& path, Id session,
                                                      const std::shared_ptr<PollSet>& polled, std::uint64_t key) noexcept;

  // The next thing that the publisher said. What it sent before a Data is here before that Data: a Data that names an unknown
  // slot is only wrong when nothing waits here. After any error but Nothing the connection is of no more use.
  Result<SlotNews, HandOverError> receive();
  // This end of the session's rings: to be asked for once, after Welcome, when the offers are here if there are any. Null: the
  // publisher does without. BadRings: it does not, but we cannot.
  Result<std::unique_ptr<Rings>, HandOverError> open_rings(const std::shared_ptr<PollSet>& bells);
  // A retired slot is unmapped here: the publisher is told as soon as the socket has room. False: there was no such slot.
  bool unmapped(std::uint64_t id) noexcept;
  // Sends what waits; for when Strained ended the last try, which the poll set does not tell about. False: the connection ended.
  bool flush() noexcept;

  std::size_t slots() const noexcept { return slots_.size(); }  // offered, and not unmapped
  std::size_t waiting() const noexcept { return waiting_; }     // packets that the publisher has not been sent yet

 private:
  enum class Stage : std::uint8_t { Offered, Retired, Unmapped };
  struct Known {
    std::uint64_t id = 0;
    Stage stage = Stage::Offered;
  };

  SlotReceiver() = default;
  std::vector<Known>::iterator find(std::uint64_t id) noexcept;
  Result<SlotNews, HandOverError> on_offer(const SlotOffer& offer, Descriptor descriptor);
  Result<SlotNews, HandOverError> on_retire(const Retire& retire) noexcept;
  Result<SlotNews, HandOverError> on_ring(Descriptor memory) noexcept;
  Result<SlotNews, HandOverError> on_bell(Descriptor bell) noexcept;
  void offer_ring() noexcept;

  HandOverSocket socket_{};
  Watch watch_{};  // after the socket: goes before it does
  std::vector<Known> slots_{};
  std::size_t waiting_ = 0;  // of them, Unmapped
  Mapping own_ring_{};       // until open_rings()
  Mapping peer_ring_{};
  Descriptor bell_{};
};

}  // namespace arraywire::memory
