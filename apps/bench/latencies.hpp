// The times of one order, as counters.
#pragma once

#include "measurement.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace bench {

class Latencies {
 public:
  void record(std::chrono::nanoseconds time) { times_.push_back(time); }
  // Adds "<prefix>p50_us" and "<prefix>p99_us" of what was recorded since the last call.
  void report(const std::string& prefix, Counters& counters);

 private:
  double quantile_us(double quantile);

  std::vector<std::chrono::nanoseconds> times_{};
};

}  // namespace bench
