// How much memory this process may use, and how much of it is left.
#pragma once

#include <cstddef>
#include <filesystem>

namespace arraywire::memory {

// A quarter of RAM or of the tightest memory cgroup above us, the lesser.
std::size_t default_limit_bytes();

// What can be allocated now without the OOM killer: MemAvailable and every memory cgroup above us (v1 and v2), whichever is
// least, less a small reserve for everybody else. A snapshot: whoever allocates meanwhile makes it stale.
std::size_t available_bytes();

struct MemoryBounds {
  std::size_t limit_bytes = 0;      // RAM or the tightest cgroup, whatever is in use
  std::size_t available_bytes = 0;  // as above
};
// Of a machine whose file system starts at `root`: "/", or a test's tree with proc/meminfo, proc/self/cgroup and so on.
MemoryBounds memory_bounds(const std::filesystem::path& root);

}  // namespace arraywire::memory
