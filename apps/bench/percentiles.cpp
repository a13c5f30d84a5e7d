#include "percentiles.hpp"

#include <chrono>
#include <sstream>
#include <stdexcept>

namespace bench {

namespace {

using arraywire::cli::LatencyHistogram;

constexpr std::uint64_t kFewestForP99 = 100;

double microseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::micro>(time).count(); }

}  // namespace

Counters percentiles(const LatencyHistogram& times) {
  if (times.count() == 0) return {};
  Counters counters{{"p50_us", microseconds(times.percentile(0.5))}, {"max_us", microseconds(times.max())}};
  if (times.count() >= kFewestForP99) counters["p99_us"] = microseconds(times.percentile(0.99));
  return counters;
}

std::string as_text(const LatencyHistogram& times) {
  std::string text;
  for (const auto& step : times.steps()) {
    if (!text.empty()) text += ',';
    text += std::to_string(step.time.count()) + ':' + std::to_string(step.times);
  }
  return text;
}

LatencyHistogram parse_times(std::string_view text) {
  LatencyHistogram times;
  std::istringstream pairs{std::string(text)};
  std::chrono::nanoseconds::rep ns = 0;
  std::uint64_t count = 0;
  char colon = 0;
  while (pairs >> ns >> colon >> count) {
    times.record(std::chrono::nanoseconds(ns), count);
    char comma = 0;
    if (!(pairs >> comma)) return times;
  }
  throw std::runtime_error("these are no times: " + std::string(text));
}

void merge(LatencyHistogram& all, const LatencyHistogram& more) {
  for (const auto& step : more.steps()) all.record(step.time, step.times);
}

}  // namespace bench
