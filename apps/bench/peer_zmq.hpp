// Plain libzmq over ipc (https://libzmq.readthedocs.io/en/latest/zmq_ipc.html), sent without a copy (zmq_msg_init_data). To one
// receiver by PUSH/PULL; to several by XPUB/SUB with ZMQ_XPUB_NODROP, which waits for the slowest (zmq_setsockopt).
//
// libzmq allocates what it receives. In peer/zmq malloc keeps what is freed, as where arraywire's inline lane receives, in
// peer/zmq_default_malloc it is as it comes: big frames are faulted in again each time.
#pragma once

#include "transport.hpp"

namespace bench {

extern const Transport kZmq;
extern const Transport kZmqDefaultMalloc;

}  // namespace bench
