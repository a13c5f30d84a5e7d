#include "python.hpp"

#include "arraywire_peer.hpp"
#include "peer_pair.hpp"

#include <string>

namespace bench {

namespace {

std::unique_ptr<Measurement> make_pair(const Family& family, const std::filesystem::path& directory, const char* what) {
  return std::make_unique<PeerPair>(std::string(family.name), PeerCommand{"/usr/bin/python3", "-c", kArraywirePeer, what},
                                    directory);
}

}  // namespace

std::unique_ptr<Measurement> make_python_handoff(const Family& family, const std::filesystem::path& directory) {
  return make_pair(family, directory, "handoff");
}
std::unique_ptr<Measurement> make_python_fill_read(const Family& family, const std::filesystem::path& directory) {
  return make_pair(family, directory, "fill_read");
}

}  // namespace bench
