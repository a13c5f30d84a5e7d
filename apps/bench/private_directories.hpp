// A process's own /dev/shm and /tmp, for libraries that use fixed names there: so that several run at once, none meets what runs
// on the machine, and nothing is left over however they end. Linux's mount namespaces, with a user namespace where root's rights
// are wanting: mount_namespaces(7), user_namespaces(7). Children inherit them.
#pragma once

#include <sys/types.h>
#include <filesystem>

namespace bench {

// `kept` is seen as before, wherever it is. False: not allowed here (containers often forbid it), or not in full; then nothing
// has changed. Before this process has a second thread.
[[nodiscard]] bool enter_private_directories(const std::filesystem::path& kept);

// Those of another process of this user; nothing to do when they are ours already. Throws std::system_error.
// Before this process has a second thread.
void join_private_directories(pid_t process);

}  // namespace bench
