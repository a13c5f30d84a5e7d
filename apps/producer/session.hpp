// One run of the producer: source to publisher, paced, until the end or a signal.
#pragma once

#include "cli/latency_histogram.hpp"
#include "cli/live_status.hpp"
#include "cli/stop_signal.hpp"
#include "producer/options.hpp"
#include "producer/source.hpp"

#include <spdlog/logger.h>

#include <atomic>
#include <string>

namespace arraywire::producer {

// What the run has done so far. Written by main and by the library's events, read by the live status: figures may be a message
// apart. Lifetime: outlives the Context whose events it counts.
struct Progress {
  std::atomic<std::uint64_t> messages{0};
  std::atomic<std::uint64_t> bytes{0};     // payload
  std::atomic<std::uint64_t> no_taker{0};  // distribute: messages that nobody had room for
  std::atomic<int> consumers{0};           // of now, by joined and left events
  std::atomic<std::uint64_t> untaken{0};   // deliveries not confirmed when the linger was over
};

class Session {
 public:
  Session(const Options& options, Publisher& publisher, Source& source, const cli::StopSignal& stop, spdlog::logger& log,
          Progress& progress);

  // Waits for consumers, publishes everything, finishes the stream. Throws Failure; the stream is finished then, too.
  void run();
  std::string summary_json() const;
  std::string summary_text() const;

 private:
  bool wait_for_consumers();
  void publish_all();
  std::optional<Loan> make_loan(const ArraySpec& spec);
  bool publish(Payload& payload);  // false: stopped
  void finish();
  std::string status_line();

  const Options& options_;
  Publisher& publisher_;
  Source& source_;
  const cli::StopSignal& stop_;
  spdlog::logger& log_;
  Metadata metadata_{};
  cli::LatencyHistogram publish_times_{};
  Progress& progress_;
  cli::RateMeter meter_{};  // of the status line's thread
  std::uint64_t frame_id_ = 0;
  std::chrono::steady_clock::time_point started_{};
  double seconds_ = 0;
};

}  // namespace arraywire::producer
