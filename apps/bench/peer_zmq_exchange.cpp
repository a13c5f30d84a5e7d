#include "peer_zmq_exchange.hpp"

#include "arraywire/receiving.hpp"
#include "families.hpp"
#include "frame.hpp"
#include "peer.hpp"
#include "zmq_calls.hpp"

#include <array>

namespace bench {

namespace {

using Small = std::array<std::byte, kSmallFrameBytes>;

}  // namespace

void zmq_exchange_producer(Peer& peer) {
  const ZmqContext context(::zmq_ctx_new());
  const ZmqSocket socket = open_zmq(context, ZMQ_PAIR);
  const std::string endpoint = bind_zmq(socket, peer);
  Small message{};
  Small reply{};
  const std::uint64_t window = arraywire::SubscriberOptions{}.queue;
  peer.serve(endpoint, [&](std::uint64_t number) {
    if (number >= window) {
      receive_small(socket, reply);
      check_stamp(reply, reply.size(), number - window);
    }
    stamp(message, number);
    send_small(socket, message);
  });
}

void zmq_exchange_consumer(Peer& peer) {
  const ZmqContext context(::zmq_ctx_new());
  const ZmqSocket socket = open_zmq(context, ZMQ_PAIR);
  connect_zmq(socket, peer.address);
  Small message{};
  peer.serve("", [&](std::uint64_t number) {
    receive_small(socket, message);
    check_stamp(message, message.size(), number);
    send_small(socket, message);
  });
}

}  // namespace bench
