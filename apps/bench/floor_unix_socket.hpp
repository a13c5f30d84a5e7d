// What the kernel's own way takes: write and read of warm buffers in turn over an AF_UNIX stream, default socket buffers. Where
// both ends work on every byte (LinkSetup::busy_ends), frames are written by a thread for each receiver and read by one at each,
// so that they move while others are filled and read; otherwise by who sends and receives them, without another thread's
// wakening.
#pragma once

#include "transport.hpp"

namespace bench {

extern const Transport kUnixSocket;

}  // namespace bench
