#include "compare.hpp"

#include "comparison.hpp"
#include "host_state.hpp"
#include "memory_pieces.hpp"
#include "stop_signal.hpp"

#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

namespace bench {

namespace {

constexpr double kBytesPerGigabyte = 1e9;
constexpr double kLongSeconds = 0.2;  // for kFewestFrames: then they are fewer

// One of those compared: started, and calibrated to batches of about the wanted length.
class Contestant {
 public:
  Contestant(const Benchmark& benchmark, const Options& options, RunDirectory& directory)
      : benchmark_(benchmark), frame_bytes_(options.frame_bytes), measurement_(benchmark.make(directory.make_child())) {
    measurement_->start(frame_bytes_);
    frames_ = whole_passes(benchmark_, frame_bytes_, 0);
    double seconds = measurement_->run(frames_);
    if (seconds > kLongSeconds) frames_ = whole_passes(benchmark_, frame_bytes_, 0, kFewestSlowFrames);
    while (seconds < options.batch_seconds / 2) {
      const double growth = std::clamp(options.batch_seconds / seconds, 2.0, 10.0);
      frames_ = whole_passes(benchmark_, frame_bytes_, static_cast<std::uint64_t>(static_cast<double>(frames_) * growth));
      seconds = measurement_->run(frames_);
    }
  }

  const std::string& name() const noexcept { return benchmark_.name; }

  // Its counters, and two of ours. A message that is smaller than the frame stands for one all the same.
  Measured measure() {
    measurement_->warm_up(std::max<std::uint64_t>(1, frames_ / 8));  // the others had the caches
    const double seconds = measurement_->run(frames_);
    Counters counters = measurement_->counters();
    counters[kRate] = static_cast<double>(frames_ * frame_bytes_) / seconds / kBytesPerGigabyte;
    counters[kFrameTime] = seconds / static_cast<double>(frames_) * 1e6;
    return {.counters = std::move(counters), .latencies = measurement_->latencies()};
  }

  void stop() { measurement_->stop(); }

 private:
  const Benchmark& benchmark_;
  const std::size_t frame_bytes_;
  const std::unique_ptr<Measurement> measurement_;
  std::uint64_t frames_ = 0;
};

using Contestants = std::vector<std::unique_ptr<Contestant>>;

Contestants start_all(const Options& options, const Benchmarks& benchmarks, RunDirectory& directory, Comparison& comparison) {
  Contestants contestants;
  for (const std::string& name : options.compared) {
    try {
      contestants.push_back(std::make_unique<Contestant>(*find_benchmark(benchmarks, name), options, directory));
      comparison.entries.push_back({.name = name});
    } catch (const Absent& absent) {
      if (contestants.empty()) throw;
      comparison.absent.push_back({.name = name, .why = absent.what()});
    }
  }
  if (contestants.size() < 2)
    throw Absent("nothing is left to compare " + options.compared.front() + " with: " + comparison.absent.front().why);
  return contestants;
}

// Each round's turns are drawn, so that what one leaves behind (caches, memory, a processor's clock) does not always meet the
// same next one. Always the same draws: the standard says what std::mt19937 gives, and not what std::shuffle makes of that.
class Turns {
 public:
  explicit Turns(std::size_t count) : turns_(count) { std::iota(turns_.begin(), turns_.end(), std::size_t{0}); }
  const std::vector<std::size_t>& draw() {
    for (std::size_t left = turns_.size(); left > 1; --left) std::swap(turns_[left - 1], turns_[random_() % left]);
    return turns_;
  }

 private:
  std::mt19937 random_{};  // with its default seed
  std::vector<std::size_t> turns_;
};

void measure_round(Contestants& contestants, const std::vector<std::size_t>& order, Comparison& comparison) {
  std::vector<Measured> measured(contestants.size());
  const HostState before = host_state();
  for (const std::size_t turn : order) measured[turn] = contestants[turn]->measure();
  const HostState after = host_state();
  comparison.add_round(measured, order,
                       {std::max(before.line_ns, after.line_ns), std::min(before.steps_per_ns, after.steps_per_ns)});
}

void measure_rounds(Contestants& contestants, unsigned wanted, Comparison& comparison) {
  const bool on_terminal = ::isatty(STDERR_FILENO) != 0;
  Turns turns(contestants.size());
  try {
    for (unsigned i = 0; i < wanted && !stop_requested(); ++i) {
      measure_round(contestants, turns.draw(), comparison);
      if (on_terminal) std::fprintf(stderr, "\r\033[Kround %u of %u", i + 1, wanted);
    }
    for (const auto& contestant : contestants) contestant->stop();
  } catch (const StopRequested&) {
    // What was measured so far counts; the destructors end the peers.
  }
  if (on_terminal) std::fputs("\r\033[K", stderr);
  if (comparison.rounds == 0) throw StopRequested();
}

}  // namespace

void compare(const Options& options, const Benchmarks& benchmarks, RunDirectory& directory) {
  Comparison comparison{.frame_bytes = options.frame_bytes};
  const MemoryPieces pieces;
  Contestants contestants = start_all(options, benchmarks, directory, comparison);
  measure_rounds(contestants, options.pairs, comparison);
  if (options.json != "-") print(comparison);
  if (!options.json.empty()) write_json(comparison, options.json);
}

}  // namespace bench
