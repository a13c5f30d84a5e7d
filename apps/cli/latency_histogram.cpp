#include "cli/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace arraywire::cli {

// Below kSteps a bucket is one nanosecond. Above, the highest set bit chooses the row and the kStepBits bits after it the step.
std::size_t LatencyHistogram::bucket_of(std::int64_t ns) noexcept {
  const auto value = static_cast<std::uint64_t>(ns);
  const int row = std::max(0, static_cast<int>(std::bit_width(value)) - 1 - kStepBits);
  if (value < kSteps) return static_cast<std::size_t>(value);
  return (static_cast<std::size_t>(row) + 1) * kSteps + static_cast<std::size_t>((value >> row) - kSteps);
}

std::int64_t LatencyHistogram::highest_in(std::size_t bucket) noexcept {
  if (bucket < kSteps) return static_cast<std::int64_t>(bucket);
  const std::size_t row = bucket / kSteps - 1;
  const std::uint64_t step = bucket % kSteps + kSteps;
  return static_cast<std::int64_t>(((step + 1) << row) - 1);
}

void LatencyHistogram::record(std::chrono::nanoseconds time, std::uint64_t times) noexcept {
  const std::int64_t ns = std::max<std::int64_t>(0, time.count());
  buckets_[bucket_of(ns)] += times;
  count_ += times;
  max_ = std::max(max_, ns);
}

std::chrono::nanoseconds LatencyHistogram::percentile(double fraction) const noexcept {
  const double wanted = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(count_);
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(wanted)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= rank) return std::chrono::nanoseconds(std::min(highest_in(bucket), max_));
  }
  return std::chrono::nanoseconds(max_);
}

std::vector<LatencyHistogram::Step> LatencyHistogram::steps() const {
  std::vector<Step> steps;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    if (buckets_[bucket] == 0) continue;
    steps.push_back({std::chrono::nanoseconds(std::min(highest_in(bucket), max_)), buckets_[bucket]});
  }
  return steps;
}

}  // namespace arraywire::cli
