// loan -> publish -> take -> release on the shared-memory lane.
#pragma once

namespace bench {

class Peer;

// Of slots whose payload nobody touches: what naming a frame costs, whatever its size. Sequence and size are checked.
void handoff_producer(Peer& peer);
void handoff_consumer(Peer& peer);

// With a fill and a full read of every frame, as floor/two_threads does it in one process.
void shared_memory_fill_read_producer(Peer& peer);
void shared_memory_fill_read_consumer(Peer& peer);

}  // namespace bench
