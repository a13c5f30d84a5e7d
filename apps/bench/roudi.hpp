// iceoryx's daemon, without which its processes have no memory: iox-roudi, of the Debian package iceoryx.
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <filesystem>
#include <string_view>

namespace bench {

// What a client is known by to RouDi, if it has the choice: this and its process's id.
inline constexpr std::string_view kRoudiClient = "arraywire-iceoryx-";

// Makes this process one of a measurement's iceoryx processes, before it uses iceoryx itself. The first that calls it starts
// RouDi, which ends with that process: with memory for frames of that size and for small ones, in /dev/shm and /tmp of the
// measurement's own, where that is allowed. The others find it through the directory. Returns RouDi's process. Throws Absent when
// there can be no RouDi here. Before this process has a second thread.
pid_t join_roudi(const std::filesystem::path& directory, std::size_t frame_bytes);

}  // namespace bench
