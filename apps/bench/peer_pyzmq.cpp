#include "peer_pyzmq.hpp"

#include "peer_pair.hpp"
#include "pyzmq_peer.hpp"

namespace bench {

std::unique_ptr<Measurement> make_pyzmq_pair(const Family& family, const std::filesystem::path& directory) {
  // The system's Python by name, where the packages python3-zmq and python3-numpy put their modules.
  return std::make_unique<PeerPair>(std::string(family.name), PeerCommand{"/usr/bin/python3", "-c", kPyzmqPeer}, directory);
}

}  // namespace bench
