// What a stream's first ten frames cost, filled and read in full: slots are made, handed over and mapped meanwhile. Every pass
// is a new pair of processes, timed from when they are connected. Counters: first_ms and steady_ms per frame, and their ratio.
#pragma once

#include "measurement.hpp"

#include <filesystem>
#include <memory>

namespace bench {

struct Family;

inline constexpr std::uint64_t kFirstFramesOfAStream = 10;

std::unique_ptr<Measurement> make_first_frames(const Family& family, const std::filesystem::path& directory);

}  // namespace bench
