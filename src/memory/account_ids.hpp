// Accounts as the kernel knows them.
#pragma once

#include <sys/types.h>

#include <vector>

namespace arraywire::memory {

struct AccountIds {
  std::vector<uid_t> users{};
  std::vector<gid_t> groups{};
  bool empty() const noexcept { return users.empty() && groups.empty(); }
};

// Whether the process at the other end of a connected AF_UNIX socket is ours, root's, or runs as one of these.
bool comes_from(int connection, const AccountIds& allowed) noexcept;

}  // namespace arraywire::memory
