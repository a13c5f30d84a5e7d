#include "floor_unix_socket.hpp"

#include "frame.hpp"
#include "peer.hpp"
#include "unix_stream.hpp"

namespace bench {

void unix_socket_producer(Peer& peer) {
  const auto path = peer.directory / "socket";
  const Descriptor listener = listen_at(path);
  const WarmBuffer frame(peer.frame_bytes);
  Descriptor consumer;
  std::uint64_t next = 0;
  peer.serve(path.string(), [&](std::uint64_t frames) {
    if (consumer.get() < 0) consumer = accept_one(listener);
    for (const std::uint64_t end = next + frames; next < end; ++next) {
      stamp(frame.bytes(), next);
      write_exactly(consumer, frame.bytes());
    }
  });
}

void unix_socket_consumer(Peer& peer) {
  const Descriptor producer = connect_to(peer.address);
  const WarmBuffer frame(peer.frame_bytes);
  std::uint64_t next = 0;
  peer.serve("", [&](std::uint64_t frames) {
    for (const std::uint64_t end = next + frames; next < end; ++next) {
      read_exactly(producer, frame.bytes());
      check_stamp(frame.bytes(), peer.frame_bytes, next);
    }
  });
}

}  // namespace bench
