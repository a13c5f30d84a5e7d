// Small zmq messages, each replied to: what naming a frame costs at least. As many are on their way at once as a stream's queue
// lets through.
#pragma once

namespace bench {

class Peer;

void zmq_exchange_producer(Peer& peer);
void zmq_exchange_consumer(Peer& peer);

}  // namespace bench
