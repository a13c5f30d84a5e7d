// The subscriber's end of one session's hand-over.
#pragma once

#include "memory/hand_over_socket.hpp"
#include "memory/poll_set.hpp"

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
using SlotNews = std::variant<OfferedSlot, Retire>;

struct ConnectFailure {
  const char* step = "";  // what was attempted
  int error = 0;          // errno
  bool busy = false;      // too many are connecting at this moment: it is worth another try
};
std::string describe(const ConnectFailure& failure);

// Threads: one at a time. Blocking: never. When it goes, the connection ends, and with it the session at the publisher.
class SlotReceiver {
 public:
  // Connects to the publisher's socket and greets; to be done before Hello. `key` is what PollSet::ready says when there is news.
  static Result<SlotReceiver, ConnectFailure> connect(const std::filesystem::path& path, Id session,
                                                      const std::shared_ptr<PollSet>& polled, std::uint64_t key) noexcept;

  // The next thing that the publisher said. What it sent before a Data is here before that Data: a Data that names an unknown
  // slot is only wrong when nothing waits here. After any error but Nothing the connection is of no more use.
  Result<SlotNews, HandOverError> receive();
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

  HandOverSocket socket_{};
  Watch watch_{};  // after the socket: goes before it does
  std::vector<Known> slots_{};
  std::size_t waiting_ = 0;  // of them, Unmapped
};

}  // namespace arraywire::memory
