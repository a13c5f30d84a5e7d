// Small zmq messages, each replied to: what naming a frame costs at least. As many are on their way at once as a stream's queue
// lets through.
#pragma once

namespace bench {

struct Peer;

void zmq_exchange_producer(const Peer& peer);
void zmq_exchange_consumer(const Peer& peer);

}  // namespace bench
