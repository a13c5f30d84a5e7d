// One connection on a hand-over socket: packets with descriptors, never waiting.
#pragma once

#include "arraywire/result.hpp"
#include "memory/descriptor.hpp"
#include "memory/hand_over_message.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <utility>

struct sockaddr_un;

namespace arraywire::memory {

enum class PacketSent : std::uint8_t {
  Sent,
  Full,      // the other side has to read first: poll for writing
  Strained,  // the system is short of memory, or too many descriptors are on their way (RLIMIT_NOFILE): poll tells nothing, try
             // later
  Ended,
};

// A packet, and the descriptor that came with it if its kind has one.
struct ReceivedPacket {
  HandOverMessage message{};
  Descriptor descriptor{};
};

// The address of a path. Throws Error{InvalidArgument} when it does not fit a socket address (107 bytes).
sockaddr_un socket_address(const std::filesystem::path& path);

// Destroying it ends the connection, even while forked children have copies of its descriptor. In such a child it only closes the
// copy; send and receive there say Ended and do nothing. Threads: one at a time.
class HandOverSocket {
 public:
  HandOverSocket() noexcept = default;
  explicit HandOverSocket(Descriptor connected) noexcept;  // SOCK_SEQPACKET, SOCK_NONBLOCK
  HandOverSocket(HandOverSocket&&) noexcept = default;
  HandOverSocket& operator=(HandOverSocket&& other) noexcept {
    std::swap(socket_, other.socket_);
    std::swap(owner_, other.owner_);
    return *this;
  }
  ~HandOverSocket();

  int descriptor() const noexcept { return socket_.get(); }
  // `attached`: the descriptor to send a copy of, for the kinds that carry one.
  PacketSent send(const HandOverMessage& message, int attached = -1) const noexcept;
  // Whatever descriptors come with an error are closed.
  Result<ReceivedPacket, HandOverError> receive() const noexcept;
  bool ring_waits() const noexcept;  // the next packet is a RingOffer or a BellOffer

 private:
  bool ours() const noexcept;

  Descriptor socket_{};
  pid_t owner_ = 0;
};

}  // namespace arraywire::memory
