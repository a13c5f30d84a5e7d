// Protocol messages to header-frame bytes.
#pragma once

#include "wire/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace arraywire::wire {

// What is the same for every session in one Data message; borrowed for the call.
struct DataTemplate {
  std::span<const ArraySpec> specs;
  std::span<const std::uint64_t> offsets;  // of each array in its slot; empty for borrowed memory
  const Metadata& metadata;
  Timestamp published;
  std::int64_t published_steady_ns;
  std::optional<std::uint64_t> checksum;
};

// Reuses one buffer: the returned bytes are valid until the next call, and nothing is allocated once it is warm.
// Threads: one at a time. Envelope::kind is ignored, the function says it.
// Errors: hello, welcome and data throw Error{InvalidArgument} for what no receiver would accept: a header above kMaxHeaderBytes,
// text that is not UTF-8 or contains a zero, an empty attribute key, lists beyond their limits. returns and bye throw it for
// lists beyond kMaxListed alone (a session within queue + hold never has that many); the others never throw it. Names of
// subscribers and reasons are for people: they are cut to their limits, and what is not text in them becomes '?'.
class Encoder {
 public:
  Encoder();
  ~Encoder();
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  std::span<const std::byte> hello(const Envelope&, const Hello&);
  std::span<const std::byte> welcome(const Envelope&, const Welcome&);
  std::span<const std::byte> refused(const Envelope&, const Refused&);
  std::span<const std::byte> data(const DataTemplate&);  // without ids: stamp() them in, per session
  std::span<const std::byte> returns(const Envelope&, const Return&);
  std::span<const std::byte> alive(const Envelope&);
  std::span<const std::byte> end(const Envelope&, const End&);
  std::span<const std::byte> bye(const Envelope&, const Bye&);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Writes ids and stamp into a copy of what Encoder::data returned. `header` must be such a copy, at any alignment.
void stamp(std::span<std::byte> header, Id epoch, Id session, const Stamp& stamp) noexcept;

}  // namespace arraywire::wire
