#include "latencies.hpp"

#include <algorithm>

namespace bench {

double Latencies::quantile_us(double quantile) {
  const auto at = static_cast<std::ptrdiff_t>(quantile * static_cast<double>(times_.size() - 1));
  std::ranges::nth_element(times_, times_.begin() + at);
  return std::chrono::duration<double, std::micro>(times_[static_cast<std::size_t>(at)]).count();
}

void Latencies::report(const std::string& prefix, Counters& counters) {
  if (times_.empty()) return;
  counters[prefix + "p50_us"] = quantile_us(0.5);
  counters[prefix + "p99_us"] = quantile_us(0.99);
  times_.clear();
}

}  // namespace bench
