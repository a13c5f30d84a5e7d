// One publisher and several consumers of its shared memory, one frame at a time: the next is published when all have taken the
// last. Not a throughput; what counts is of the publisher: the latencies "publish_" (each publish), and the counters cpu_us
// (a publish, its thread alone) and process_cpu_us (a frame, with libzmq's thread and the library's), and the pool's slots.
#pragma once

namespace bench {

struct Peer;

void fanout_producer(const Peer& peer);
void fanout_consumer(const Peer& peer);

}  // namespace bench
