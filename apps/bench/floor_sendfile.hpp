// The big .npy file by sendfile over an AF_UNIX stream to a process that reads all of it.
#pragma once

namespace bench {

class Peer;

void sendfile_producer(Peer& peer);
void sendfile_consumer(Peer& peer);

}  // namespace bench
