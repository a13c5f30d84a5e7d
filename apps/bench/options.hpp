// The command line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace bench {

struct Options {
  std::string a{};  // of --compare; both empty: run Google Benchmark
  std::string b{};
  std::size_t frame_bytes = 49766400;
  unsigned pairs = 15;
  double batch_seconds = 0.3;
  std::string json{};  // empty: none; "-": standard output
  std::string log_level = "warning";
};

// Takes what is ours, then lets Google Benchmark take what is its own.
// The exit status instead, when there is nothing to run: --help, --version, or a mistake (one line on stderr, 2).
std::pair<Options, std::optional<int>> parse_options(int argc, char** argv);

}  // namespace bench
