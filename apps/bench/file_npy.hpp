// The big .npy file mapped and published as borrowed memory, one message per chunk, inline lane.
#pragma once

namespace bench {

class Peer;

void file_npy_producer(Peer& peer);
void file_npy_consumer(Peer& peer);

}  // namespace bench
