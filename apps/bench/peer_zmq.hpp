// Plain libzmq over ipc: zero-copy send, received into whatever malloc gives. To one receiver by PUSH/PULL; to several by
// XPUB/SUB with ZMQ_XPUB_NODROP, which waits for the slowest (zmq_setsockopt(3)).
#pragma once

#include "transport.hpp"

namespace bench {

extern const Transport kZmq;

}  // namespace bench
