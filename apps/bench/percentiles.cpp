#include "percentiles.hpp"

#include <chrono>

namespace bench {

namespace {

double microseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::micro>(time).count(); }

}  // namespace

Counters take_percentiles(const std::string& prefix, arraywire::cli::LatencyHistogram& times) {
  Counters counters;
  if (times.count() == 0) return counters;
  counters[prefix + "p50_us"] = microseconds(times.percentile(0.5));
  counters[prefix + "p99_us"] = microseconds(times.percentile(0.99));
  counters[prefix + "max_us"] = microseconds(times.max());
  times = {};
  return counters;
}

}  // namespace bench
