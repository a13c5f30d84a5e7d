// What the producer says of its run: while it lasts, and at the end.
#include "producer/session.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace arraywire::producer {
namespace {

using nlohmann::ordered_json;

double per_second(double amount, double seconds) { return seconds > 0 ? amount / seconds : 0; }

double microseconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1000; }

}  // namespace

std::string Session::status_line() {
  const PublisherStatistics now = publisher_.statistics();
  std::uint64_t missed = 0;
  for (const ConsumerStatistics& consumer : now.consumers) missed += consumer.missed;
  std::string line = meter_.text(progress_.messages, progress_.bytes);
  line += fmt::format("  {} consumers  {} missed", progress_.consumers.load(), missed);
  if (!now.waiting_for.empty()) line += fmt::format("  waiting for {}", fmt::join(now.waiting_for, ", "));
  return line;
}

std::string Session::summary_json() const {
  const PublisherStatistics statistics = publisher_.statistics();
  const std::uint64_t messages = progress_.messages;
  const std::uint64_t bytes = progress_.bytes;
  ordered_json consumers = ordered_json::array();
  for (const ConsumerStatistics& consumer : statistics.consumers) {
    consumers.push_back({{"name", consumer.name},
                         {"pid", consumer.pid},
                         {"lane", name(consumer.lane)},
                         {"lane_reason", consumer.lane_reason},
                         {"sent", consumer.sent},
                         {"missed", consumer.missed},
                         {"leased", consumer.leased}});
  }
  const ordered_json summary = {{"stream", options_.stream},
                                {"messages", messages},
                                {"bytes", bytes},
                                {"seconds", seconds_},
                                {"messages_per_second", per_second(static_cast<double>(messages), seconds_)},
                                {"gigabytes_per_second", per_second(static_cast<double>(bytes) / 1e9, seconds_)},
                                {"consumers", consumers},
                                {"copies", statistics.copies},
                                {"pool_bytes", statistics.pool_bytes},
                                {"slots", statistics.slots},
                                {"publish_us",
                                 {{"p50", microseconds(publish_times_.percentile(0.5))},
                                  {"p99", microseconds(publish_times_.percentile(0.99))},
                                  {"max", microseconds(publish_times_.max())}}},
                                {"no_taker", progress_.no_taker.load()},
                                {"untaken", progress_.untaken.load()},
                                {"skipped", source_.skipped()}};
  // Names come from peers: what is not UTF-8 is replaced, never thrown about.
  return summary.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string Session::summary_text() const {
  const auto messages = static_cast<double>(progress_.messages.load());
  const double gigabytes = static_cast<double>(progress_.bytes.load()) / 1e9;
  const PublisherStatistics statistics = publisher_.statistics();
  const auto on = [&](Lane lane) { return std::ranges::count(statistics.consumers, lane, &ConsumerStatistics::lane); };
  const std::string skipped = source_.skipped() == 0 ? std::string() : fmt::format(", {} files skipped", source_.skipped());
  return fmt::format("{} messages, {:.2f} GB in {:.1f} s ({:.1f}/s, {:.2f} GB/s), {} payload copies{}; consumers: {} {}, {} {}",
                     progress_.messages.load(), gigabytes, seconds_, per_second(messages, seconds_),
                     per_second(gigabytes, seconds_), statistics.copies, skipped, on(Lane::SharedMemory),
                     name(Lane::SharedMemory), on(Lane::Inline), name(Lane::Inline));
}

}  // namespace arraywire::producer
