// Times by percentile in constant memory, as HdrHistogram keeps them: 128 steps per power of two, so within 0.8 %.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace arraywire::cli {

// A value. Threads: one at a time. Negative times count as 0.
class LatencyHistogram {
 public:
  void record(std::chrono::nanoseconds time, std::uint64_t times = 1) noexcept;
  std::uint64_t count() const noexcept { return count_; }
  std::chrono::nanoseconds max() const noexcept { return std::chrono::nanoseconds(max_); }
  // The least recorded time (rounded up to its step) that `fraction` of all times do not exceed; 0 when there are none.
  std::chrono::nanoseconds percentile(double fraction) const noexcept;

  struct Step {
    std::chrono::nanoseconds time;  // the greatest in it
    std::uint64_t times;
  };
  // Those that are not empty, in order. A histogram in which they are recorded is the same as this one.
  std::vector<Step> steps() const;

 private:
  static constexpr int kStepBits = 7;
  static constexpr std::size_t kSteps = std::size_t{1} << kStepBits;
  static std::size_t bucket_of(std::int64_t ns) noexcept;
  static std::int64_t highest_in(std::size_t bucket) noexcept;

  std::array<std::uint64_t, (64 - kStepBits) * kSteps> buckets_{};
  std::uint64_t count_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace arraywire::cli
