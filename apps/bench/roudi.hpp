// RouDi, the daemon of iceoryx 2, which makes the shared memory that its clients get chunks from.
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <filesystem>
#include <span>

namespace bench {

struct ChunkPool {
  std::size_t chunk_bytes = 0;  // of payload
  std::size_t chunks = 0;
};

// Starts iox-roudi with these pools, and returns when clients can use it. It ends by itself after this process, since it would
// kill those of its clients that still run; so must be called by a thread that lives as long as the process.
// Errors: throws Absent where there is no iox-roudi, and std::exception when it does not start: another one runs already.
pid_t start_roudi(const std::filesystem::path& directory, std::span<const ChunkPool> pools);

}  // namespace bench
