// The big .npy file mapped and published as borrowed memory, one message per chunk, inline lane.
#pragma once

namespace bench {

struct Peer;

void file_npy_producer(const Peer& peer);
void file_npy_consumer(const Peer& peer);

}  // namespace bench
