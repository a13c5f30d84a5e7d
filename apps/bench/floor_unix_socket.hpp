// What the kernel's own way takes: write and read of a warm buffer over an AF_UNIX stream, default socket buffers.
#pragma once

namespace bench {

class Peer;

void unix_socket_producer(Peer& peer);
void unix_socket_consumer(Peer& peer);

}  // namespace bench
