#include "floor_unix_socket.hpp"

#include "peer.hpp"

namespace bench {

void send_over_socket(Peer& peer, const SendFrame& send) {
  const auto path = peer.directory / "socket";
  const Descriptor listener = listen_at(path);
  Descriptor consumer;
  peer.serve(path.string(), [&](std::uint64_t number) {
    if (!consumer) consumer = accept_one(listener);
    send(consumer, number);
  });
}

void receive_over_socket(Peer& peer, CheckFrame check) {
  const Descriptor producer = connect_to(peer.address);
  const WarmBuffer frame(peer.frame_bytes);
  peer.serve("", [&](std::uint64_t number) {
    read_exactly(producer, frame.bytes());
    check(frame.bytes(), peer.frame_bytes, number);
  });
}

void unix_socket_producer(Peer& peer) {
  const WarmBuffer frame(peer.frame_bytes);
  send_over_socket(peer, [&](const Descriptor& consumer, std::uint64_t number) {
    stamp(frame.bytes(), number);
    write_exactly(consumer, frame.bytes());
  });
}

void unix_socket_consumer(Peer& peer) { receive_over_socket(peer, check_stamp); }

}  // namespace bench
