// Header-frame bytes from a peer to protocol messages: copied to aligned memory, bounded, verified, then decoded.
#pragma once

#include "wire/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace arraywire::wire {

enum class WireError : std::uint8_t {
  Oversized,     // more than kMaxHeaderBytes
  NotArraywire,  // too short, or another file identifier
  OtherMajor,    // a major version that is not ours; peer_version() says which
  Malformed,     // does not verify, or a required field is missing
  UnknownKind,   // verifies, but holds a body of a newer minor version
  BadSpec,       // Data: unknown dtype, too many dimensions or arrays, overflow, bad strides, offsets of a wrong count
  BadField,      // an enum value, string or list that the protocol does not allow
};
std::string_view describe(WireError) noexcept;
std::string describe_other_major(Version peer);  // names both versions

// Holds a verified copy of one header at a time; nothing is allocated once it is warm. Threads: one at a time. Never throws on
// account of a peer's bytes.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Result<Envelope, WireError> read(std::span<const std::byte> header);
  // The header's version, after read() succeeded or answered OtherMajor.
  Version peer_version() const noexcept;

  // The body of the header that was read last; to be called only if its kind is that. `out` is overwritten whole, keeping its
  // memory. false: body_error() says why, and `out` is unspecified.
  [[nodiscard]] bool hello(Hello& out) const;
  [[nodiscard]] bool welcome(Welcome& out) const;
  [[nodiscard]] bool refused(Refused& out) const;
  [[nodiscard]] bool data(Data& out) const;
  [[nodiscard]] bool returns(Return& out) const;
  [[nodiscard]] bool end(End& out) const;
  [[nodiscard]] bool bye(Bye& out) const;
  WireError body_error() const noexcept;  // BadSpec or BadField, of the last body function that answered false

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arraywire::wire
