// The values of the receiving side: what a Subscriber is asked for, and what it tells.
#pragma once

#include "arraywire/export.hpp"
#include "arraywire/policy.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace arraywire {

struct SubscriberOptions {
  WhenFull when_full = WhenFull::Automatic;
  std::uint32_t queue = 4;  // messages that may wait to be taken: 1..1000
  std::uint32_t hold = 4;   // samples that may be unreleased at once: 1..1000
  LaneChoice lane = LaneChoice::Automatic;
  // Shared memory: how long take looks again for a message before it sleeps. Waking a sleeper costs 5 to 50 us, so messages that
  // come closer than this arrive that much sooner; the price is that much processor time per wait. Where it does not help it is
  // tried less and less often, so slower streams pay next to nothing; longer than the time between messages, it is polling.
  // 0: never.
  std::chrono::nanoseconds spin = std::chrono::microseconds{50};
  std::string name{};  // how publishers call us in statistics; empty = the program's name
};

enum class TakeError : std::uint8_t {
  Timeout,
  Ended,       // the stream ended in order and everything was taken. Said once per End; then take waits for the next epoch
  HoldingAll,  // `hold` samples are unreleased: release one first. Said at once, never by waiting
  Refused,     // the publisher refused us; status() has its reason
  WrongSpec,   // take_into: the message is of another spec; it is still there for take
  Stopped,
};
ARRAYWIRE_API std::string_view describe(TakeError) noexcept;

// Why messages arrive, or do not.
struct SubscriberStatus {
  enum class State : std::uint8_t {
    Searching,  // no publisher yet; where = folders or endpoint that are tried
    Connected,  // lane and reason are set
    Silent,     // connected, but nothing was heard for 3 s
    Refused,    // reason is set; tried again when the publisher restarts
    Ended,      // the stream ended; waiting for its next publisher. Lane and reason are those that it had
  };
  State state = State::Searching;
  std::string where{};
  std::string reason{};
  Lane lane = Lane::Inline;
  std::uint32_t queue = 0, hold = 0;          // as granted
  std::chrono::nanoseconds silent_for{};      // since anything was heard from the publisher
  std::uint32_t waiting = 0, unreleased = 0;  // messages that can be taken now; samples in the application's hands
};
ARRAYWIRE_API std::string to_string(const SubscriberStatus&);  // one line for a person

struct SubscriberStatistics {
  std::uint64_t taken = 0;      // messages
  std::uint64_t bytes = 0;      // payload
  std::uint64_t missed = 0;     // messages known not delivered to us, also those after the last one taken
  std::uint64_t gaps = 0;       // new epochs of the stream without an End of the old one
  std::uint64_t malformed = 0;  // peer messages that were dropped
  std::uint64_t copies = 0;     // payload copies made by us
};

}  // namespace arraywire
