// The big .npy file by sendfile over an AF_UNIX stream to a process that reads all of it. It copies once, at the receiver: the
// socket gets the pages of the page cache themselves. What goes through a socket from a mapping, as file/npy does, copies twice.
#pragma once

namespace bench {

struct Peer;

void sendfile_producer(const Peer& peer);
void sendfile_consumer(const Peer& peer);

}  // namespace bench
