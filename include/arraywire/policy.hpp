// The choices that both sides of a stream know, each documented by its effect.
#pragma once

#include "arraywire/export.hpp"

#include <cstdint>
#include <string_view>

namespace arraywire {

enum class Delivery : std::uint8_t {
  FanOut,  // every message to every session
  // Each message to one session, the one with most room, at least once; order is not kept. Whoever gets it and rejects it, dies
  // or loses the connection, whether it was taken or still queued, has made an attempt; after three it is counted as abandoned. A
  // worker that leaves in order hands on what it had not taken, as often as it happens.
  Distribute,
};

// How payload bytes reach one session.
enum class Lane : std::uint8_t {
  Inline,        // in the zmq message
  SharedMemory,  // the message names a slot
};
enum class LaneChoice : std::uint8_t { Automatic, SharedMemory, Inline };

// What happens to a message when a session's queue is full.
enum class WhenFull : std::uint8_t {
  Automatic,   // Block where the publisher waits (its block_limit is not 0), else DropNewest
  Block,       // the publisher waits, up to its block_limit; then the message counts as missed
  DropNewest,  // this message is not for the session; it counts as missed
  Latest,      // take gets the newest message published before it asked, or else the next one; older ones count as missed
};

ARRAYWIRE_API std::string_view name(Delivery) noexcept;  // "fan-out", "distribute": as on the command lines
ARRAYWIRE_API std::string_view name(Lane) noexcept;
ARRAYWIRE_API std::string_view name(LaneChoice) noexcept;
ARRAYWIRE_API std::string_view name(WhenFull) noexcept;

}  // namespace arraywire
