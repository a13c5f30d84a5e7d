// Every protocol message as a plain value. What they mean: proto/protocol.md.
#pragma once

#include "arraywire/array_view.hpp"
#include "arraywire/metadata.hpp"
#include "arraywire/policy.hpp"
#include "core/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace arraywire::wire {

struct Version {
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  bool operator==(const Version&) const = default;
};
inline constexpr Version kVersion{1, 0};
// Limits of the protocol: a peer's message beyond one is refused.
inline constexpr std::size_t kMaxHeaderBytes = 1U << 20U;
inline constexpr std::size_t kMaxListed = 2048;       // deliveries in one list of a Hello, Return or Bye
inline constexpr std::uint32_t kMaxQueue = 1000;      // of queue and of hold; both are at least 1
inline constexpr std::size_t kMaxAttributes = 1024;   // of one message
inline constexpr std::size_t kMaxNames = 8192;        // of dimensions and channels, in one message
inline constexpr std::size_t kMaxNameBytes = 256;     // of a subscriber's name and of a stream's
inline constexpr std::size_t kMaxReasonBytes = 4096;  // of a text for a person

enum class Kind : std::uint8_t { Hello, Welcome, Refused, Data, Return, Alive, End, Bye };

// In front of every message. Hello has no epoch (the subscriber does not know one); all others have both.
struct Envelope {
  Version version = kVersion;
  Kind kind{};
  Id epoch{};
  Id session{};
  bool operator==(const Envelope&) const = default;
};

struct Hello {
  std::string name{};  // of the subscriber
  std::uint32_t pid = 0;
  std::string stream{};  // the name it looks for; empty = whatever is served there
  std::uint32_t queue = 0;
  std::uint32_t hold = 0;
  std::uint64_t bytes_wanted = 0;  // per message, as far as known; 0 = not known
  WhenFull when_full{};
  LaneChoice lane{};
  std::string lane_reason{};
  Id replaces{};    // the session before this one, if any
  Id last_epoch{};  // of what it got last; with
  std::uint64_t last_sequence = 0;
  std::vector<std::uint64_t> held{};  // deliveries of the replaced session that it still holds
  bool operator==(const Hello&) const = default;
};

struct Welcome {
  std::string stream{};
  Delivery delivery{};
  Lane lane{};
  std::string lane_reason{};
  std::uint32_t queue = 0;  // granted
  std::uint32_t hold = 0;
  WhenFull when_full{};        // resolved, never Automatic
  std::uint64_t sequence = 0;  // published last before this session began: the base that missed counts go on from
  std::uint64_t missed = 0;    // of this epoch, since Hello's last_sequence
  Id host{};                   // equal ids share a monotonic clock
  Metadata metadata{};         // of the stream
  bool operator==(const Welcome&) const = default;
};

struct Refused {
  std::string reason{};
  Version supported = kVersion;
  bool operator==(const Refused&) const = default;
};

// What differs from session to session in one Data message. Fixed size: it is patched into an encoded header.
struct Stamp {
  std::uint64_t delivery = 0;  // per session, +1 per delivery, from 1
  std::uint64_t sequence = 0;  // per epoch, +1 per published message, from 1
  std::uint64_t missed_before = 0;
  std::uint64_t slot = 0;  // shared-memory lane: the slot's id; 0 = inline
  std::uint32_t attempt = 1;
  bool from_history = false;
  bool operator==(const Stamp&) const = default;
};

// A received Data header. Reused from message to message, so that decoding allocates nothing once it is warm.
struct Data {
  Stamp stamp{};
  MessageInfo info{};                        // sequence, published, missed_before, ... filled in; latency and gap_before are not
  std::vector<ArraySpec> specs{};            // checked: every one passed extent_bytes
  std::vector<std::size_t> payload_bytes{};  // extent_bytes of each
  std::vector<std::uint64_t> offsets{};      // of each array in its slot
  std::int64_t published_steady_ns = 0;
  std::optional<std::uint64_t> checksum{};
};

struct Return {
  std::uint64_t taken_through = 0;        // cumulative
  std::vector<std::uint64_t> released{};  // deliveries
  std::vector<std::uint64_t> rejected{};
  bool want = false;   // policy latest: one more wanted
  bool ended = false;  // End has arrived
  bool operator==(const Return&) const = default;
};

struct End {
  std::uint64_t last_sequence = 0;
  std::uint64_t missed = 0;  // since the last Data
  bool operator==(const End&) const = default;
};

struct Bye {
  std::vector<std::uint64_t> held{};  // deliveries still held
  bool operator==(const Bye&) const = default;
};

}  // namespace arraywire::wire
