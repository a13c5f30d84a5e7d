#include "peer_zmq_exchange.hpp"

#include "arraywire/receiving.hpp"
#include "benchmarks.hpp"
#include "frame.hpp"
#include "peer.hpp"
#include "zmq_calls.hpp"

#include <array>

namespace bench {

namespace {

using Small = std::array<std::byte, kSmallFrameBytes>;

}  // namespace

void zmq_exchange_producer(const Peer& peer) {
  const ZmqContext context(::zmq_ctx_new());
  const ZmqSocket socket = open_zmq(context, ZMQ_PAIR);
  const std::uint64_t window = arraywire::SubscriberOptions{}.queue;
  Small message{};
  Small reply{};
  Work work;
  work.address = zmq_endpoint(peer.directory / "zmq");
  work.frame = [&](std::uint64_t number) {
    if (number >= window) {
      receive_small(socket, reply);
      check_stamp(reply, reply.size(), number - window);
    }
    stamp(message, number);
    send_small(socket, message);
  };
  bind_zmq(socket, work.address);
  serve(work);
}

void zmq_exchange_consumer(const Peer& peer) {
  const ZmqContext context(::zmq_ctx_new());
  const ZmqSocket socket = open_zmq(context, ZMQ_PAIR);
  connect_zmq(socket, peer.address);
  Small message{};
  Work work;
  work.frame = [&](std::uint64_t number) {
    receive_small(socket, message);
    check_stamp(message, message.size(), number);
    send_small(socket, message);
  };
  serve(work);
}

}  // namespace bench
