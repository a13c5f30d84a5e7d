// Plain libzmq as it comes: PUSH/PULL over ipc, zero-copy send, received into whatever malloc gives.
#pragma once

namespace bench {

class Peer;

void zmq_producer(Peer& peer);
void zmq_consumer(Peer& peer);

}  // namespace bench
