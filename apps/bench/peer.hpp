// The peer's end of the channel that peer_pair.hpp describes.
#pragma once

#include "measurement.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace bench {

class Peer {
 public:
  std::size_t frame_bytes = 0;
  std::filesystem::path directory{};  // shared by the two peers of one measurement, empty at first
  std::string address{};              // of the producer, as it said; consumers only
  std::size_t consumers = 1;          // how many there are, all of the same stream

  // Says "ready", then does each order of the driver until it closes the channel: `frame` with every number, 0 the first.
  // `report` gives the counters of an order, and `connect` comes before the first order's frames; neither is within the measured
  // time.
  void serve(const std::string& own_address, const std::function<void(std::uint64_t)>& frame,
             const std::function<Counters()>& report = {}, const std::function<void()>& connect = {});
};

// `--peer FAMILY ROLE BYTES DIRECTORY ADDRESS`: what this program does as a peer. The process's exit status.
int run_peer(int argc, char** argv);

}  // namespace bench
