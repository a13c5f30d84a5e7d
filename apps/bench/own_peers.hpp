// The peers that this program is itself, started with --peer: those of arraywire and libzmq, and of the kernel.
#pragma once

#include "peer_pair.hpp"

namespace bench {

// Those that are no transports; workloads of their own.
inline constexpr char kFanoutPeer[] = "shared_memory/fanout";
inline constexpr char kLatencyZmqPeer[] = "latency/zmq";
inline constexpr char kZmqExchangePeer[] = "peer/zmq_exchange";
inline constexpr char kFileNpyPeer[] = "file/npy";
inline constexpr char kSendfilePeer[] = "floor/sendfile";

PeerProgram own_peers();
// What follows --peer: a name from above, or a transport's and a workload; and the arguments of peer.hpp. The exit status.
int run_own_peer(int argc, char** argv);

}  // namespace bench
