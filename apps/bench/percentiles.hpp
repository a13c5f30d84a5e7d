// Times that were taken in an order, from where they were taken to where they are told.
#pragma once

#include "cli/latency_histogram.hpp"
#include "measurement.hpp"

#include <string>
#include <string_view>

namespace bench {

// p50_us, p99_us (of a hundred times or more: of fewer it would be their greatest) and max_us; nothing of nothing.
Counters percentiles(const arraywire::cli::LatencyHistogram& times);

// On a peer's channel: "NS:TIMES,NS:TIMES,...", a pair for each step of the histogram that is not empty.
std::string as_text(const arraywire::cli::LatencyHistogram& times);
arraywire::cli::LatencyHistogram parse_times(std::string_view text);  // throws std::exception

void merge(arraywire::cli::LatencyHistogram& all, const arraywire::cli::LatencyHistogram& more);

}  // namespace bench
