// The least that handing over frames in memory of two processes takes: kBuffers frames in a memfd that both map, and a token to
// say that a frame is there, and another one when it is done with. A side that waits for a token sleeps, at once.
//
// floor/futex: a token is a count in that memory, and a futex for who sleeps (no system call when nobody does).
// floor/socket_ping: a token is a byte through an AF_UNIX stream, read by a blocking read.
#pragma once

#include "transport.hpp"

namespace bench {

extern const Transport kFutex;
extern const Transport kSocketPing;

}  // namespace bench
