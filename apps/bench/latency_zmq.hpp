// A ping-pong of bare libzmq: messages of kSmallFrameBytes one at a time, each side's own thread in zmq_recv. Its latencies are
// those of Workload::Latency.
#pragma once

namespace bench {

struct Peer;

void latency_zmq_producer(const Peer& peer);
void latency_zmq_consumer(const Peer& peer);

}  // namespace bench
