// What --compare measured, and how it is told.
#pragma once

#include "host_state.hpp"
#include "measurement.hpp"

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace bench {

// Counters that every benchmark has here.
inline constexpr char kRate[] = "GB/s";
inline constexpr char kFrameTime[] = "frame_us";

// Of one benchmark in one round.
struct Measured {
  Counters counters{};
  Latencies latencies{};
};

struct Comparison {
  struct Entry {
    std::string name{};
    std::map<std::string, std::vector<double>> counters{};  // a value a round
    // Of the first entry's to this one's; of those that both have. For who reads what --compare tells: scripts/compare, which
    // compares others than the first as well, makes its ratios of the counters.
    std::map<std::string, std::vector<double>> ratios{};
    Latencies latencies{};  // of all rounds, every time once: a percentile of them is none of a round's percentiles
  };
  struct Missing {
    std::string name{};
    std::string why{};
  };

  std::size_t frame_bytes = 0;
  std::size_t rounds = 0;
  std::vector<Entry> entries{};  // of each that was measured, the first compared with the others
  std::vector<Missing> absent{};
  std::vector<std::vector<std::size_t>> orders{};  // of each round: which entry came first, second, ...

  std::vector<HostState> host{};  // of each round: the worse of before and after it

  // Of each entry, and the order in which they were measured.
  void add_round(std::span<const Measured> measured, const std::vector<std::size_t>& order, const HostState& host_of_round);
};

// To standard output.
void print(const Comparison& comparison);
// One object; "-" is standard output. Throws when it cannot be written.
void write_json(const Comparison& comparison, const std::string& path);

}  // namespace bench
