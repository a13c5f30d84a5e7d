// loan -> publish -> take -> release on the inline lane: hand-off of warm memory, without a fill; and with a fill and a full
// read.
#pragma once

namespace bench {

class Peer;

void inline_ipc_producer(Peer& peer);
void inline_tcp_producer(Peer& peer);
void inline_consumer(Peer& peer);

void inline_ipc_fill_read_producer(Peer& peer);
void inline_fill_read_consumer(Peer& peer);

}  // namespace bench
