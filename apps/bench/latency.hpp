// Publish-to-take time of single frames: each is answered by a small message on a stream back before the next one.
#pragma once

namespace bench {

class Peer;

void latency_inline_producer(Peer& peer);
void latency_inline_consumer(Peer& peer);

}  // namespace bench
