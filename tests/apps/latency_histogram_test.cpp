#include "cli/latency_histogram.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace arraywire::cli {
namespace {

using std::chrono::nanoseconds;

TEST(LatencyHistogram, IsEmptyAtFirst) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.percentile(0.5).count(), 0);
  EXPECT_EQ(histogram.max().count(), 0);
}

TEST(LatencyHistogram, SmallTimesAreExact) {
  LatencyHistogram histogram;
  for (int ns = 1; ns <= 100; ++ns) histogram.record(nanoseconds(ns));
  EXPECT_EQ(histogram.percentile(0.5).count(), 50);
  EXPECT_EQ(histogram.percentile(0.99).count(), 99);
  EXPECT_EQ(histogram.percentile(1.0).count(), 100);
  EXPECT_EQ(histogram.percentile(0.0).count(), 1);
}

TEST(LatencyHistogram, LargeTimesAreWithinOnePercentAndNeverTooLow) {
  for (std::int64_t value = 128; value < std::numeric_limits<std::int64_t>::max() / 2; value += value / 3) {
    LatencyHistogram histogram;
    histogram.record(nanoseconds(value));
    histogram.record(nanoseconds(std::numeric_limits<std::int64_t>::max()));
    const auto found = histogram.percentile(0.5).count();
    EXPECT_GE(found, value);
    EXPECT_LE(static_cast<double>(found - value), static_cast<double>(value) * 0.01);
  }
}

TEST(LatencyHistogram, ItsStepsMakeItAgain) {
  LatencyHistogram histogram;
  for (int ns = 1; ns < 1'000'000; ns = ns * 2 + 1) histogram.record(nanoseconds(ns), 3);
  histogram.record(nanoseconds(1'000'003));
  LatencyHistogram again;
  for (const auto& step : histogram.steps()) again.record(step.time, step.times);
  EXPECT_EQ(again.count(), histogram.count());
  EXPECT_EQ(again.max().count(), 1'000'003);
  for (const double fraction : {0.0, 0.1, 0.5, 0.9, 0.99, 1.0}) {
    EXPECT_EQ(again.percentile(fraction), histogram.percentile(fraction));
  }
}

TEST(LatencyHistogram, TheGreatestTimeIsExactAndFits) {
  LatencyHistogram histogram;
  histogram.record(nanoseconds::max());
  histogram.record(nanoseconds(-5));
  EXPECT_EQ(histogram.max(), nanoseconds::max());
  EXPECT_EQ(histogram.percentile(1.0), nanoseconds::max());
  EXPECT_EQ(histogram.percentile(0.5).count(), 0);
}

}  // namespace
}  // namespace arraywire::cli
