// One run of the consumer: subscriber to sink, until the end, a limit or a signal.
#pragma once

#include "cli/latency_histogram.hpp"
#include "cli/live_status.hpp"
#include "cli/stop_signal.hpp"
#include "consumer/options.hpp"
#include "consumer/sink.hpp"
#include "consumer/source_gaps.hpp"

#include <spdlog/logger.h>

#include <atomic>
#include <string>

namespace arraywire::consumer {

enum class End : std::uint8_t { StreamEnded, Count, Timeout, Signal, Error };

class Session {
 public:
  Session(const Options& options, Context& context, Subscriber& subscriber, Sink& sink, const cli::StopSignal& stop,
          spdlog::logger& log);

  // Takes until something ends it; what went wrong is in complaint().
  void run();
  int exit_status() const noexcept;
  const std::string& complaint() const noexcept { return complaint_; }
  std::string summary_json() const;
  std::string summary_text() const;

 private:
  using Clock = std::chrono::steady_clock;

  End take_all();
  std::optional<End> handle(TakeError error);
  void consume(Sample sample);
  void record(const Sample& sample);
  void verify(const Sample& sample);
  std::chrono::nanoseconds patience() const;  // of the next take
  std::optional<End> nothing_came();
  void tell_what_is_missing();
  std::string status_line();

  const Options& options_;
  Context& context_;
  Subscriber& subscriber_;
  Sink& sink_;
  const cli::StopSignal& stop_;
  spdlog::logger& log_;

  // Read by the live status, too: figures may be a message apart.
  std::atomic<std::uint64_t> messages_{0}, bytes_{0};
  cli::RateMeter meter_{};  // of the status line's thread
  std::uint64_t verified_ = 0, corrupt_ = 0;
  SourceGaps source_gaps_{};
  cli::LatencyHistogram latencies_{};
  std::optional<Lane> lane_{};  // of the last message, and why it is that
  std::string lane_reason_{};
  Clock::time_point quiet_since_{};                // the last message, or the start
  std::optional<SubscriberStatus::State> told_{};  // what was told of this silence
  Clock::time_point first_{}, last_{};
  End end_ = End::Error;
  std::string complaint_{};
};

}  // namespace arraywire::consumer
