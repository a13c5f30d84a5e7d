#include "memory/account_ids.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace arraywire::memory {
namespace {

template <class Ids> bool contains(const Ids& ids, typename Ids::value_type id) noexcept {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// Beside the one that it runs as. The kernel says what they were when it connected.
bool has_further_group(int connection, const std::vector<gid_t>& wanted) noexcept {
  std::array<gid_t, 1024> groups{};
  socklen_t bytes = sizeof groups;
  if (wanted.empty() || ::getsockopt(connection, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes) != 0) return false;
  return std::any_of(groups.begin(), groups.begin() + bytes / sizeof(gid_t),
                     [&](gid_t group) { return contains(wanted, group); });
}

}  // namespace

bool comes_from(int connection, const AccountIds& allowed) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid() || contains(allowed.users, peer.uid) || contains(allowed.groups, peer.gid) ||
         has_further_group(connection, allowed.groups);
}

}  // namespace arraywire::memory
