// What the two ends of a hand-over socket say to each other.
#pragma once

#include "arraywire/result.hpp"
#include "core/ids.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

namespace arraywire::memory {

// Every message is one packet of 24 bytes, little-endian: the letters AWHO, version (2 bytes), kind (2 bytes), two numbers (8
// bytes each). Where the table names a descriptor, exactly one comes with it, with the others none (SCM_RIGHTS).
//   kind                          first               second             descriptor
//   1 Greeting  sub -> pub        session id, high    session id, low    pidfd of the subscriber's process
//   2 SlotOffer pub -> sub        slot id, not 0      bytes, not 0       the sealed memfd
//   3 Retire    pub -> sub        slot id, not 0      0
//   4 Unmapped  sub -> pub        slot id, not 0      0
//   5 RingOffer both              bytes, not 0        0                  the sealed memfd of the sender's ring
//   6 BellOffer pub -> sub        0                   0                  the subscriber's end of the bell
// Greeting comes first, and once. SlotOffer comes before any Data that names the slot, Retire when the publisher is done with it,
// Unmapped when the subscriber has unmapped it after that. The subscriber's RingOffer comes after its Greeting and before its
// Hello, the publisher's, with the bell, before its Welcome; either side may do without.
inline constexpr std::size_t kHandOverPacketBytes = 24;
inline constexpr std::uint16_t kHandOverVersion = 1;
inline constexpr std::size_t kMaxSessionSlots = 4096;  // that one session may have at once
using HandOverPacket = std::array<std::byte, kHandOverPacketBytes>;

struct Greeting {
  Id session{};
  bool operator==(const Greeting&) const = default;
};
struct SlotOffer {
  std::uint64_t id = 0;
  std::uint64_t bytes = 0;
  bool operator==(const SlotOffer&) const = default;
};
struct Retire {
  std::uint64_t id = 0;
  bool operator==(const Retire&) const = default;
};
struct Unmapped {
  std::uint64_t id = 0;
  bool operator==(const Unmapped&) const = default;
};
struct RingOffer {
  std::uint64_t bytes = 0;
  bool operator==(const RingOffer&) const = default;
};
struct BellOffer {
  bool operator==(const BellOffer&) const = default;
};
using HandOverMessage = std::variant<Greeting, SlotOffer, Retire, Unmapped, RingOffer, BellOffer>;

// Why there is no message to act on. All but Nothing mean that the connection is of no more use.
enum class HandOverError : std::uint8_t {
  Nothing,          // no packet waits
  Ended,            // the other side is gone, or it is not our connection (a forked child)
  WrongSize,        // not one packet of ours
  Malformed,        // no such kind, an id of 0, a number where none belongs
  OtherVersion,     // of this protocol
  Descriptors,      // none where one belongs, or more
  DescriptorLimit,  // this process has no room for the descriptor that came
  NotAProcess,      // a Greeting without a pidfd
  Unexpected,       // a kind that the other side does not send, a second Greeting
  KnownSlot,        // offered before, and still here
  UnknownSlot,      // never offered, or unmapped since
  TooManySlots,
  BadRings,  // no memory or no socket that could be rings and their bell
};
std::string_view describe(HandOverError) noexcept;

HandOverPacket encode(const HandOverMessage& message) noexcept;
// Any bytes give a message that encode() would write in the same bytes, or an error.
Result<HandOverMessage, HandOverError> decode(std::span<const std::byte> packet) noexcept;
bool carries_descriptor(const HandOverMessage& message) noexcept;

}  // namespace arraywire::memory
