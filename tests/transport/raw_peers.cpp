#include "transport/raw_peers.hpp"

#include <stdexcept>

namespace arraywire::transport::testing {

namespace {

constexpr int kPatienceMs = 60'000;

void send_frames(zmq::socket_t& socket, const std::vector<Bytes>& frames) {
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto flags = i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
    if (!socket.send(zmq::const_buffer(frames[i].data(), frames[i].size()), flags))
      throw std::runtime_error("the peer does not read");
  }
}

std::vector<Bytes> receive_frames(zmq::socket_t& socket, zmq::recv_flags flags = zmq::recv_flags::none) {
  std::vector<Bytes> frames;
  for (bool more = true; more;) {
    zmq::message_t frame;
    if (!socket.recv(frame, frames.empty() ? flags : zmq::recv_flags::none)) return {};
    frames.push_back(copy_of({frame.data<std::byte>(), frame.size()}));
    more = frame.more();
  }
  return frames;
}

}  // namespace

RawConsumer::RawConsumer(const std::string& endpoint) {
  dealer_.set(zmq::sockopt::linger, 0);
  dealer_.set(zmq::sockopt::rcvtimeo, kPatienceMs);
  dealer_.set(zmq::sockopt::sndtimeo, kPatienceMs);
  dealer_.connect(endpoint);
}

void RawConsumer::send(const std::vector<Bytes>& frames) { send_frames(dealer_, frames); }

void RawConsumer::hello(const wire::Hello& hello, wire::Version version) {
  send({copy_of(encoder.hello({.version = version, .session = session}, hello))});
}

std::vector<Bytes> RawConsumer::await(wire::Kind kind) {
  for (;;) {
    std::vector<Bytes> frames = receive_frames(dealer_);
    if (frames.empty()) throw std::runtime_error("the publisher does not answer");
    const auto envelope = decoder.read(frames.front());
    if (!envelope) throw std::runtime_error(std::string(wire::describe(envelope.error())));
    if (envelope->kind != kind) continue;
    epoch = envelope->epoch;
    return frames;
  }
}

wire::Welcome RawConsumer::join(wire::Hello message) {
  session = random_id();
  hello(std::move(message));
  await(wire::Kind::Welcome);
  wire::Welcome welcome;
  if (!decoder.welcome(welcome)) throw std::runtime_error("a Welcome that does not decode");
  return welcome;
}

wire::Data RawConsumer::await_data() {
  await(wire::Kind::Data);
  wire::Data data;
  if (!decoder.data(data)) throw std::runtime_error("a Data that does not decode");
  return data;
}

RawPublisher::RawPublisher(std::string endpoint) : endpoint_(std::move(endpoint)) { open(); }

void RawPublisher::open() {
  router_ = zmq::socket_t(context_, zmq::socket_type::router);
  router_.set(zmq::sockopt::linger, 0);
  router_.set(zmq::sockopt::rcvtimeo, kPatienceMs);
  router_.set(zmq::sockopt::sndtimeo, kPatienceMs);
  router_.set(zmq::sockopt::router_mandatory, 1);
  router_.bind(endpoint_);
}

void RawPublisher::cut() {
  router_.close();
  open();
}

wire::Hello RawPublisher::await_hello() {
  for (;;) {
    const std::vector<Bytes> frames = receive_frames(router_);
    if (frames.size() != 2) throw std::runtime_error("no Hello comes");
    const auto envelope = decoder.read(frames[1]);
    if (!envelope || envelope->kind != wire::Kind::Hello) continue;
    address_ = frames[0];
    session = envelope->session;
    wire::Hello hello;
    if (!decoder.hello(hello)) throw std::runtime_error("a Hello that does not decode");
    return hello;
  }
}

void RawPublisher::welcome(wire::Welcome welcome, wire::Version version) {
  if (welcome.stream.empty()) welcome.stream = "raw";
  if (welcome.queue == 0) welcome.queue = welcome.hold = 4;
  if (welcome.when_full == WhenFull::Automatic) welcome.when_full = WhenFull::Block;
  send({copy_of(encoder.welcome({.version = version, .epoch = epoch, .session = session}, welcome))});
}

Bytes RawPublisher::header(std::uint64_t number, std::uint64_t sequence, wire::Stamp stamp, std::uint64_t offset) {
  const ArraySpec spec{.dtype = DType::UInt8, .shape = {8}};
  Bytes bytes = copy_of(encoder.data({.specs = std::span(&spec, 1),
                                      .offsets = std::span(&offset, 1),
                                      .metadata = {},
                                      .published = {},
                                      .published_steady_ns = 0,
                                      .checksum = {}}));
  stamp.delivery = number;
  stamp.sequence = sequence;
  wire::stamp(bytes, epoch, session, stamp);
  return bytes;
}

void RawPublisher::send(const std::vector<Bytes>& frames) {
  std::vector<Bytes> all{address_};
  all.insert(all.end(), frames.begin(), frames.end());
  send_frames(router_, all);
}

std::optional<std::vector<Bytes>> RawPublisher::receive() {
  std::vector<Bytes> frames = receive_frames(router_, zmq::recv_flags::dontwait);
  if (frames.empty()) return std::nullopt;
  frames.erase(frames.begin());
  return frames;
}

}  // namespace arraywire::transport::testing
