// What a message says of itself beside its arrays' bytes.
#pragma once

#include "arraywire/array_view.hpp"
#include "arraywire/export.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace arraywire {

using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

enum class ClockSource : std::uint8_t { Host, Ptp, Device };

using AttributeValue = std::variant<bool, std::int64_t, double, std::string>;

// String-keyed values, in the order in which the keys were first set. Overwriting an existing key with a value of the
// same type allocates nothing (a string: while it fits what is there).
class ARRAYWIRE_API Attributes {
 public:
  struct Entry {
    std::string key;
    AttributeValue value;
    bool operator==(const Entry&) const = default;
  };

  void set(std::string_view key, bool value);
  void set(std::string_view key, std::int64_t value);
  void set(std::string_view key, int value) { set(key, static_cast<std::int64_t>(value)); }
  void set(std::string_view key, double value);
  void set(std::string_view key, std::string_view value);
  void set(std::string_view key, const char* value) { set(key, std::string_view(value)); }

  const AttributeValue* find(std::string_view key) const noexcept;  // nullptr: no such key
  bool erase(std::string_view key) noexcept;                        // false: no such key
  void clear() noexcept { size_ = 0; }                              // keeps memory for the next use
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const Entry* begin() const noexcept { return entries_.data(); }
  const Entry* end() const noexcept { return entries_.data() + size_; }
  bool operator==(const Attributes& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

 private:
  AttributeValue& slot_for(std::string_view key);

  std::vector<Entry> entries_{};  // [size_, end) are cleared entries kept for their memory
  std::size_t size_ = 0;
};

// Colour by ITU-T H.273 code points; 2 = unspecified. BT.2100 PQ in RGB is {9, 16, 0}; HLG has transfer 18.
struct Colour {
  std::uint8_t primaries = 2;
  std::uint8_t transfer = 2;
  std::uint8_t matrix = 2;
  bool full_range = true;
  bool operator==(const Colour&) const = default;
};

// What one array of a message means. Everything is optional; empty, 0 or absent = not said.
struct ArrayInfo {
  std::string name{};
  std::vector<std::string> dimension_names{};  // outermost first
  std::string unit{};                          // UCUM where it has one: "nm", "W/m2", "{photons}"
  std::vector<std::string> channel_names{};
  std::uint8_t significant_bits = 0;  // 10 or 12 in 16
  std::string pixel_format{};         // PFNC or FourCC text
  std::optional<Colour> colour{};
  std::string colour_space{};  // a free name for what has no code points: "ACEScg"
  bool operator==(const ArrayInfo&) const = default;
};

// What the application says of a message (or, in PublisherOptions, of every message). Keep one and reuse it.
struct Metadata {
  std::optional<std::uint64_t> frame_id{};  // the source's own number: matches cameras, shows losses before us
  std::optional<Timestamp> acquired{};      // start of exposure, in the clock named below
  std::chrono::nanoseconds exposure{};      // 0 = unknown
  ClockSource clock = ClockSource::Host;
  Attributes attributes{};
  std::vector<ArrayInfo> arrays{};  // by array index; may be shorter than the message
  bool operator==(const Metadata&) const = default;
};

// Received. It is a Metadata, so a pipeline stage can pass ids and times on.
struct MessageInfo : Metadata {
  std::uint64_t sequence = 0;                         // per epoch, +1 per published message, from 1
  Timestamp published{};                              // host clock of the publisher
  std::optional<std::chrono::nanoseconds> latency{};  // publish to take, by the monotonic clock; same host only
  std::uint64_t missed_before = 0;                    // messages not delivered to this session between the last one and this one
  bool gap_before = false;                            // a break of unknown size came first: a new epoch of the stream
  bool from_history = false;                          // published before this session began
  std::uint32_t attempt = 1;                          // distribute: 1 + the attempts before this one, see Delivery
  bool has_checksum = false;
};

}  // namespace arraywire
