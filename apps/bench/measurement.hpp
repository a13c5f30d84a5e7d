// What every benchmark is, for Google Benchmark and for --compare alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

namespace bench {

using Counters = std::map<std::string, double>;

// What a measurement needs (an interpreter, a library) is not on this machine: it is skipped, not failed.
struct Absent : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// start once, run as often as wanted, stop once. Peer processes live from start to stop, so that no run measures their start.
// Threads: one. Errors: every member throws std::exception; the measurement can then only be destroyed, which never hangs.
class Measurement {
 public:
  Measurement() = default;
  Measurement(const Measurement&) = delete;
  Measurement& operator=(const Measurement&) = delete;
  virtual ~Measurement() = default;

  virtual void start(std::size_t frame_bytes) = 0;
  // A run of which nothing is measured but the memory that is used, if that is: reading it takes time.
  virtual void warm_up(std::uint64_t frames) { run(frames); }
  // Seconds from the producer's first action until the consumer has had and checked the last of `frames` frames.
  virtual double run(std::uint64_t frames) = 0;
  virtual Counters counters() const { return {}; }  // of the latest run; memory: the most of any
  virtual void stop() {}
};

}  // namespace bench
