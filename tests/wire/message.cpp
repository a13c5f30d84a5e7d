#include "wire/message.hpp"

#include <stdexcept>

namespace arraywire::wire::testing {
namespace {

struct Encode {
  Encoder& encoder;
  const Envelope& envelope;

  auto operator()(const Hello& body) const { return encoder.hello(envelope, body); }
  auto operator()(const Welcome& body) const { return encoder.welcome(envelope, body); }
  auto operator()(const Refused& body) const { return encoder.refused(envelope, body); }
  auto operator()(const Return& body) const { return encoder.returns(envelope, body); }
  auto operator()(const Alive&) const { return encoder.alive(envelope); }
  auto operator()(const End& body) const { return encoder.end(envelope, body); }
  auto operator()(const Bye& body) const { return encoder.bye(envelope, body); }
  auto operator()(const Data& body) const {
    return encoder.data({body.specs, body.offsets, body.info, body.info.published, body.published_steady_ns, body.checksum});
  }
};

template <class Body> bool decode(const Decoder& decoder, bool (Decoder::*read)(Body&) const, Message& message) {
  return (decoder.*read)(message.body.emplace<Body>());
}

bool decode_body(const Decoder& decoder, Message& message) {
  switch (message.envelope.kind) {
    case Kind::Hello: return decode(decoder, &Decoder::hello, message);
    case Kind::Welcome: return decode(decoder, &Decoder::welcome, message);
    case Kind::Refused: return decode(decoder, &Decoder::refused, message);
    case Kind::Data: return decode(decoder, &Decoder::data, message);
    case Kind::Return: return decode(decoder, &Decoder::returns, message);
    case Kind::Alive: message.body = Alive{}; return true;
    case Kind::End: return decode(decoder, &Decoder::end, message);
    case Kind::Bye: return decode(decoder, &Decoder::bye, message);
  }
  throw std::logic_error("read() answered with a kind that does not exist");
}

void require_valid_sizes(const Data& data) {
  if (data.specs.empty() || data.specs.size() != data.payload_bytes.size()) throw std::logic_error("specs without sizes");
  for (std::size_t i = 0; i < data.specs.size(); ++i) {
    if (checked_extent_bytes(data.specs[i]) != data.payload_bytes[i]) throw std::logic_error("a size that is not its spec's");
  }
  if (!data.offsets.empty() && data.offsets.size() != data.specs.size()) throw std::logic_error("offsets without arrays");
}

}  // namespace

std::vector<std::byte> encode(Encoder& encoder, const Message& message) {
  const auto encoded = std::visit(Encode{encoder, message.envelope}, message.body);
  std::vector<std::byte> bytes(encoded.begin(), encoded.end());
  if (const auto* body = std::get_if<Data>(&message.body)) {
    stamp(bytes, message.envelope.epoch, message.envelope.session, body->stamp);
  }
  return bytes;
}

Result<Message, WireError> receive(Decoder& decoder, std::span<const std::byte> header) {
  const auto envelope = decoder.read(header);
  if (!envelope) return envelope.error();
  Message message{.envelope = *envelope};
  if (!decode_body(decoder, message)) return decoder.body_error();
  return message;
}

void require_valid(Encoder& encoder, Decoder& decoder, const Message& message) {
  if (const auto* data = std::get_if<Data>(&message.body)) require_valid_sizes(*data);
  std::vector<std::byte> bytes;
  try {
    bytes = encode(encoder, message);
  } catch (const Error&) {
    return;  // larger than a header may be, now that texts are there once per use
  }
  const auto again = receive(decoder, bytes);
  if (!again) throw std::logic_error("what was received is refused when sent on: " + std::string(describe(again.error())));
  // By its bytes: NaN is not equal to itself.
  if (encode(encoder, *again) != bytes) throw std::logic_error("what was received becomes another message when sent on");
}

}  // namespace arraywire::wire::testing
