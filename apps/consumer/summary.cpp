// What the consumer says of its run: while it lasts, and at the end.
#include "consumer/session.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace arraywire::consumer {
namespace {

using nlohmann::ordered_json;

double per_second(double amount, double seconds) { return seconds > 0 ? amount / seconds : 0; }

double microseconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1000; }

const char* end_name(End end) {
  switch (end) {
    case End::StreamEnded: return "stream-ended";
    case End::Count: return "count";
    case End::Timeout: return "timeout";
    case End::Signal: return "signal";
    case End::Error: break;
  }
  return "error";
}

// null where nothing was measured, which is not the same as 0.
ordered_json latency_json(const cli::LatencyHistogram& times) {
  if (times.count() == 0) return {{"p50", nullptr}, {"p99", nullptr}, {"max", nullptr}};
  return {{"p50", microseconds(times.percentile(0.5))},
          {"p99", microseconds(times.percentile(0.99))},
          {"max", microseconds(times.max())}};
}

}  // namespace

std::string Session::status_line() {
  const SubscriberStatistics now = subscriber_.statistics();
  return fmt::format("{}  {} missed  {}", meter_.text(messages_, bytes_), now.missed, to_string(subscriber_.status()));
}

std::string Session::summary_json() const {
  const SubscriberStatistics statistics = subscriber_.statistics();
  const std::string stream = subscriber_.stream();
  const double seconds = std::chrono::duration<double>(last_ - first_).count();
  const ordered_json summary = {{"stream", stream.empty() ? options_.source : stream},
                                {"lane", lane_ ? ordered_json(name(*lane_)) : ordered_json(nullptr)},
                                {"lane_reason", lane_ ? ordered_json(lane_reason_) : ordered_json(nullptr)},
                                {"messages", messages_.load()},
                                {"bytes", bytes_.load()},
                                {"seconds", seconds},
                                {"messages_per_second", per_second(static_cast<double>(messages_.load()), seconds)},
                                {"gigabytes_per_second", per_second(static_cast<double>(bytes_.load()) / 1e9, seconds)},
                                {"missed", statistics.missed},
                                {"gaps", statistics.gaps},
                                {"source_gaps", source_gaps_.count()},
                                {"verified", verified_},
                                {"corrupt", corrupt_},
                                {"copies", statistics.copies},
                                {"latency_us", latency_json(latencies_)},
                                {"end", end_name(end_)}};
  // A peer's stream name may be anything: what is not UTF-8 is replaced, never thrown about.
  return summary.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string Session::summary_text() const {
  const SubscriberStatistics statistics = subscriber_.statistics();
  const double seconds = std::chrono::duration<double>(last_ - first_).count();
  const double gigabytes = static_cast<double>(bytes_.load()) / 1e9;
  std::string text =
      fmt::format("{} messages, {:.2f} GB in {:.1f} s ({:.1f}/s, {:.2f} GB/s), {} missed", messages_.load(), gigabytes, seconds,
                  per_second(static_cast<double>(messages_.load()), seconds), per_second(gigabytes, seconds), statistics.missed);
  if (lane_) text += fmt::format(", lane {} ({})", name(*lane_), lane_reason_);
  if (statistics.gaps > 0) text += fmt::format(", {} gaps", statistics.gaps);
  if (source_gaps_.count() > 0) text += fmt::format(", {} source gaps", source_gaps_.count());
  if (options_.verify) text += fmt::format(", {} verified, {} corrupt", verified_, corrupt_);
  if (latencies_.count() > 0) {
    text += fmt::format(", latency p50 {:.0f} p99 {:.0f} max {:.0f} us", microseconds(latencies_.percentile(0.5)),
                        microseconds(latencies_.percentile(0.99)), microseconds(latencies_.max()));
  }
  return text + fmt::format("; {}", end_name(end_));
}

}  // namespace arraywire::consumer
