// A /dev/shm and a /tmp of a measurement's own, for middleware that leaves files behind when it is killed, or that can run only
// once per machine because its names there are fixed.
#pragma once

#include <filesystem>

namespace bench {

// Moves this process, and those that it starts from now on, to the mounts that the first call for this directory made: empty
// ones, but for the directory itself, which the kernel removes with the last process in them. Without the right to mount
// (CAP_SYS_ADMIN) nothing changes. A process that already is there stays.
// Threads: before the process starts its second; and the first call has returned before the next begins, in whatever process.
void enter_private_mounts(const std::filesystem::path& directory);

}  // namespace bench
