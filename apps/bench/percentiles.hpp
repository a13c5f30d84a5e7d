// The times of one order, as counters.
#pragma once

#include "cli/latency_histogram.hpp"
#include "measurement.hpp"

#include <string>

namespace bench {

// "<prefix>p50_us", "<prefix>p99_us" and "<prefix>max_us" of what was recorded, which is forgotten; nothing if that is nothing.
Counters take_percentiles(const std::string& prefix, arraywire::cli::LatencyHistogram& times);

}  // namespace bench
