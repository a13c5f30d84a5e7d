// What --compare measured, and how it is told.
#pragma once

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

struct Comparison {
  struct Entry {
    std::string name{};
    std::map<std::string, std::vector<double>> counters{};  // a value a round
    std::map<std::string, std::vector<double>> ratios{};    // of the first entry's to this one's; of those that both have
  };
  struct Missing {
    std::string name{};
    std::string why{};
  };

  std::size_t frame_bytes = 0;
  std::size_t rounds = 0;
  std::vector<Entry> entries{};  // of each that was measured, the first compared with the others
  std::vector<Missing> absent{};

  void add_round(std::span<const Counters> measured);  // of each entry
};

// To standard output.
void print(const Comparison& comparison);
// One object; "-" is standard output. Throws when it cannot be written.
void write_json(const Comparison& comparison, const std::string& path);

}  // namespace bench
