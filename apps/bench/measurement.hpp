// What every benchmark is, for Google Benchmark and for --compare alike.
#pragma once

#include "cli/latency_histogram.hpp"
#include "link.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

namespace bench {

using Counters = std::map<std::string, double>;
// Times of single frames, by what goes before "p50_us" in the names of their counters: "", "half_round_trip_", ...
using Latencies = std::map<std::string, arraywire::cli::LatencyHistogram>;

// What a measurement needs (an interpreter, a library) is not on this machine: it is skipped, not failed.
struct Absent : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The rate of a stream is that of its steady part, where both sides are at work. A producer may be kBuffers frames ahead: the
// first kBuffers frames fill the pipeline, and the last kBuffers may be a consumer's alone. So the clock starts when a consumer
// is done with the first kBuffers (when all are, of several), and stops when it has but the last kBuffers to go (when all have).
// This is where that becomes the time of all `frames`, more than kUnsteadyFrames.
inline constexpr std::uint64_t kUnsteadyFrames = 2 * kBuffers;
constexpr double seconds_of_all(double steady_seconds, std::uint64_t frames) noexcept {
  return steady_seconds * static_cast<double>(frames) / static_cast<double>(frames - kUnsteadyFrames);
}

// start once, run as often as wanted, stop once. Peer processes live from start to stop, so that no run measures their start.
// Threads: one. Errors: every member throws std::exception; the measurement can then only be destroyed, which never hangs.
class Measurement {
 public:
  Measurement() = default;
  Measurement(const Measurement&) = delete;
  Measurement& operator=(const Measurement&) = delete;
  virtual ~Measurement() = default;

  virtual void start(std::size_t frame_bytes) = 0;
  // A run of which nothing is measured but the memory that is used, if that is: reading it takes time. Any number of frames.
  virtual void warm_up(std::uint64_t frames) { run(frames); }
  // The seconds that `frames` frames take, each had and checked by every consumer: see seconds_of_all. More than kUnsteadyFrames.
  virtual double run(std::uint64_t frames) = 0;
  virtual Counters counters() const { return {}; }    // of the latest run; memory: the most of any
  virtual Latencies latencies() const { return {}; }  // of the latest run
  virtual void stop() {}
};

}  // namespace bench
