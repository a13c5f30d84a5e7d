// The peer's end of the channel that peer_pair.hpp describes.
#pragma once

#include "link.hpp"
#include "measurement.hpp"

#include <sys/types.h>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace bench {

// What the driver told it: ROLE FRAME_BYTES CONSUMERS CONSUMER DIRECTORY ADDRESS.
struct Peer {
  std::size_t frame_bytes = 0;
  std::filesystem::path directory{};  // shared by the peers of one measurement, empty at first
  std::string address{};              // of the producer, as it said; consumers only
  std::size_t consumers = 1;          // how many there are, all of the same frames
  std::size_t consumer = 0;           // which of them this is
};

struct Report {
  Counters counters{};
  Latencies latencies{};
};

// What it does by order of the driver. Only the time of `frame` is measured.
struct Work {
  std::string address{};                                      // what the driver tells the other side
  std::function<void(const std::string& address)> connect{};  // before the first order; the address is a consumer's
  std::function<void(std::uint64_t number)> frame{};          // 0 is the first
  std::function<Report()> report{};                           // after each order: of that order
  std::vector<pid_t> daemons{};                               // whose time and memory count as this process's
};

// Of an order: what has been recorded, which is forgotten.
Report take(const std::string& prefix, arraywire::cli::LatencyHistogram& times);

// Says "ready", then does each order of the driver until it closes the channel.
void serve(const Work& work);

// Runs `produce` or `consume` as the arguments say; what they throw is told to the driver, std::exception as an error, Absent as
// that. The process's exit status.
int run_peer(std::span<char* const> arguments, const std::function<void(const Peer&)>& produce,
             const std::function<void(const Peer&)>& consume);

}  // namespace bench
