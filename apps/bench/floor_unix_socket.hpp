// What the kernel's own way takes: write and read of a warm buffer over an AF_UNIX stream, default socket buffers.
#pragma once

#include "frame.hpp"
#include "unix_stream.hpp"

#include <cstdint>
#include <functional>

namespace bench {

class Peer;

void unix_socket_producer(Peer& peer);
void unix_socket_consumer(Peer& peer);

// The same with frames that come from elsewhere: waits for the consumer, then calls `send` with every frame's number.
using SendFrame = std::function<void(const Descriptor& consumer, std::uint64_t number)>;
void send_over_socket(Peer& peer, const SendFrame& send);
// Reads every frame into one warm buffer.
void receive_over_socket(Peer& peer, CheckFrame check);

}  // namespace bench
