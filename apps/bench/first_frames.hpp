// What a stream's first ten frames cost, filled and read in full: memory is made, handed over and mapped meanwhile. Every pass
// is a new pair of processes, timed from when they are connected. Counters: first_ms and steady_ms per frame, and their ratio.
#pragma once

#include "measurement.hpp"
#include "peer_pair.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace bench {

inline constexpr std::uint64_t kFirstFramesOfAStream = 10;

// Of peers that fill and read.
std::function<std::unique_ptr<Measurement>(const std::filesystem::path& directory)> make_first_frames(const std::string& name,
                                                                                                      const PeerProgram& program);

}  // namespace bench
