#include "own_peers.hpp"

#include "fanout.hpp"
#include "file_npy.hpp"
#include "floor_ping.hpp"
#include "floor_sendfile.hpp"
#include "floor_unix_socket.hpp"
#include "latency_zmq.hpp"
#include "peer.hpp"
#include "peer_main.hpp"
#include "peer_zmq.hpp"
#include "peer_zmq_exchange.hpp"
#include "stream_link.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace bench {

namespace {

struct OwnPeer {
  std::string_view name;
  void (*produce)(const Peer&);
  void (*consume)(const Peer&);
};

constexpr OwnPeer kOwnPeers[] = {{kFanoutPeer, fanout_producer, fanout_consumer},
                                 {kLatencyZmqPeer, latency_zmq_producer, latency_zmq_consumer},
                                 {kZmqExchangePeer, zmq_exchange_producer, zmq_exchange_consumer},
                                 {kFileNpyPeer, file_npy_producer, file_npy_consumer},
                                 {kSendfilePeer, sendfile_producer, sendfile_consumer}};

}  // namespace

PeerProgram own_peers() { return {.command = {"/proc/self/exe", "--peer"}}; }

int run_own_peer(int argc, char** argv) {
  // As the arguments of a program that is nothing but peers: its name, and what follows.
  const auto arguments = std::span<char*>(argv, static_cast<std::size_t>(argc)).subspan(1);
  if (arguments.size() > 1) {
    const auto* own = std::ranges::find(kOwnPeers, std::string_view(arguments[1]), &OwnPeer::name);
    if (own != std::end(kOwnPeers)) return run_peer(arguments.subspan(2), own->produce, own->consume);
  }
  const std::array transports{kSharedMemory, kSharedMemoryNoSpin, kInlineIpc, kInlineTcp,       kFutex,
                              kSocketPing,   kUnixSocket,         kZmq,       kZmqDefaultMalloc};
  return run_peer_main(static_cast<int>(arguments.size()), arguments.data(), transports);
}

}  // namespace bench
