// Publish-to-take time of single frames: each is answered by a small message on a stream back before the next one. Both sides
// wait on the thread that publishes and takes. Counters: p50_us and p99_us from publish to take, and half_round_trip_p50_us.
#pragma once

namespace bench {

class Peer;

void latency_inline_producer(Peer& peer);
void latency_inline_consumer(Peer& peer);
void latency_shared_memory_producer(Peer& peer);
void latency_shared_memory_consumer(Peer& peer);

}  // namespace bench
