// What a stream's first ten frames cost, filled and read in full, by a new pair of processes each time: from the producer's first
// action, both being connected, until the consumer has read the tenth. So what is in them depends on when a transport makes its
// memory. What is made and mapped as frames come (arraywire's slots, malloc at a receiver) is in them; what is there before
// (buffers of peers that touch theirs when they are made, memory that a daemon has cleared) is not: that is in setup_ms, from the
// launch of the processes until all are connected, with whatever else a process does at its start (Python's imports, MPI_Init).
// Counters: setup_ms; first_ms and steady_ms per frame, and their ratio. steady_ms is of a stream's rate (seconds_of_all), after
// thirty frames, and first_ms of the time from the first until the tenth is read, nothing being on its way before. --compare
// makes one pass a round.
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
