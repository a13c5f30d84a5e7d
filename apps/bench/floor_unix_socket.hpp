// What the kernel's own way takes: write and read of a warm buffer over an AF_UNIX stream, default socket buffers. Several
// receivers are written to in turn.
#pragma once

#include "transport.hpp"

namespace bench {

extern const Transport kUnixSocket;

}  // namespace bench
