// The command line.
#pragma once

#include "benchmarks.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bench {

struct Options {
  std::vector<std::string> compared{};  // empty: run Google Benchmark
  std::size_t frame_bytes = 49766400;
  unsigned pairs = 15;
  double batch_seconds = 0.3;
  std::string json{};  // empty: none; "-": standard output
  std::string log_level = "warning";
};

// Takes what is ours, then lets Google Benchmark take what is its own.
// The exit status instead, when there is nothing to run: --help, --version, or a mistake (one line on stderr, 2).
std::pair<Options, std::optional<int>> parse_options(int argc, char** argv, const Benchmarks& benchmarks);

}  // namespace bench
