// Any protocol message as one value, for tests that do not care which.
#pragma once

#include "wire/decoder.hpp"
#include "wire/encoder.hpp"

#include <variant>
#include <vector>

namespace arraywire::wire::testing {

struct Alive {
  bool operator==(const Alive&) const = default;
};

struct Message {
  Envelope envelope{};
  std::variant<Hello, Welcome, Refused, Data, Return, Alive, End, Bye> body{};  // in the order of Kind
};

std::vector<std::byte> encode(Encoder& encoder, const Message& message);
// What a receiver does with the header frame of an unknown peer.
Result<Message, WireError> receive(Decoder& decoder, std::span<const std::byte> header);

// Throws std::logic_error when a message that was received is not one that the protocol allows, whatever bytes it came from:
// its sizes must be those of its specs, and sending it on must give the same message again.
void require_valid(Encoder& encoder, Decoder& decoder, const Message& message);

}  // namespace arraywire::wire::testing
