// Header frames: bounded, verified and decoded, whatever their kind. What is accepted must be a message that the protocol allows.
#include "wire/message.hpp"

#include <cstdint>

namespace wire = arraywire::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static wire::Decoder decoder;  // reused from input to input, as a socket's is
  static wire::Decoder second_decoder;
  static wire::Encoder encoder;
  const auto message = wire::testing::receive(decoder, std::as_bytes(std::span(data, size)));
  if (message) wire::testing::require_valid(encoder, second_decoder, *message);  // throws: libFuzzer reports it
  return 0;
}
