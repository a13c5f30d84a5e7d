#include "percentiles.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace bench {
namespace {

using arraywire::cli::LatencyHistogram;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(Percentiles, NinetyNineIsToldOfAHundredTimesOrMore) {
  LatencyHistogram times;
  EXPECT_TRUE(percentiles(times).empty());
  times.record(microseconds(1), 99);
  EXPECT_EQ(percentiles(times), (Counters{{"p50_us", 1}, {"max_us", 1}}));
  times.record(microseconds(2));
  EXPECT_EQ(percentiles(times).at("p99_us"), percentiles(times).at("p50_us"));
  times.record(microseconds(2));
  EXPECT_EQ(percentiles(times).at("p99_us"), 2);
}

TEST(Percentiles, AreOfAllThatIsMerged) {
  LatencyHistogram all;
  LatencyHistogram slow;
  all.record(nanoseconds(10), 3);
  slow.record(nanoseconds(100'003), 2);
  merge(all, slow);
  EXPECT_EQ(all.count(), 5u);
  EXPECT_EQ(all.percentile(0.5).count(), 10);
  EXPECT_EQ(all.max().count(), 100'003);
}

TEST(Percentiles, TimesComeThroughTheChannel) {
  LatencyHistogram times;
  times.record(nanoseconds(7), 2);
  times.record(nanoseconds(100'003));
  EXPECT_EQ(as_text(times), "7:2,100003:1");
  EXPECT_EQ(as_text(parse_times(as_text(times))), "7:2,100003:1");
  for (const char* text : {"", "7", "7:", "7:2,", "7:2,x"}) EXPECT_THROW(parse_times(text), std::runtime_error) << text;
}

}  // namespace
}  // namespace bench
