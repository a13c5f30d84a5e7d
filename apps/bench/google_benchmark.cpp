#include "google_benchmark.hpp"

#include "percentiles.hpp"
#include "stop_signal.hpp"

#include <benchmark/benchmark.h>
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace bench {

namespace {

// The measurement that runs now. Google Benchmark calls a benchmark several times to find its iterations; the peers live on in
// between, until another measurement is wanted.
class Current {
 public:
  explicit Current(RunDirectory& directory) noexcept : directory_(directory) {}

  Measurement& get(const Benchmark& wanted, std::size_t frame_bytes) {
    if (measurement_ != nullptr && current_ == &wanted && frame_bytes_ == frame_bytes) return *measurement_;
    stop();
    auto made = wanted.make(directory_.make_child());
    made->start(frame_bytes);
    measurement_ = std::move(made);
    current_ = &wanted;
    frame_bytes_ = frame_bytes;
    return *measurement_;
  }

  void stop() {
    const auto stopping = std::exchange(measurement_, nullptr);
    if (stopping != nullptr) stopping->stop();
  }

  void drop() noexcept { measurement_ = nullptr; }

 private:
  RunDirectory& directory_;
  std::unique_ptr<Measurement> measurement_{};
  const Benchmark* current_ = nullptr;
  std::size_t frame_bytes_ = 0;
};

struct Session {
  Current current;
  bool failed = false;
};

void measure(benchmark::State& state, const Benchmark& wanted, Session& session) {
  const auto frame_bytes = static_cast<std::size_t>(state.range(0));
  try {
    if (stop_requested()) throw StopRequested();
    Measurement& measurement = session.current.get(wanted, frame_bytes);
    const std::uint64_t frames = whole_passes(wanted, frame_bytes, static_cast<std::uint64_t>(state.max_iterations));
    measurement.warm_up(std::max<std::uint64_t>(1, frames / 8));
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(frames)))
      state.SetIterationTime(measurement.run(frames));
    state.SetBytesProcessed(static_cast<std::int64_t>(frames * frame_bytes));
    for (const auto& [name, value] : measurement.counters()) state.counters[name] = value;
    for (const auto& [prefix, times] : measurement.latencies()) {
      for (const auto& [name, value] : percentiles(times)) state.counters[prefix + name] = value;
    }
  } catch (const Absent& absent) {
    state.SkipWithError(absent.what());
  } catch (const std::exception& error) {
    session.failed = true;
    session.current.drop();
    state.SkipWithError(error.what());
  }
}

}  // namespace

int run_google_benchmarks(const Benchmarks& benchmarks, RunDirectory& directory) {
  Session session{Current(directory)};
  for (const Benchmark& benchmark : benchmarks) {
    auto* registered = benchmark::RegisterBenchmark(
        benchmark.name.c_str(), [&benchmark, &session](benchmark::State& state) { measure(state, benchmark, session); });
    registered->Unit(benchmark::kMillisecond);
    if (!benchmark.one_thread) registered->UseManualTime();
    if (benchmark.pass_frames > 0) registered->Iterations(static_cast<benchmark::IterationCount>(3 * benchmark.pass_frames));
    if (benchmark.small_frames || benchmark.small_frames_only) registered->Arg(kSmallFrameBytes);
    if (benchmark.small_frames_only) continue;
    for (const std::size_t bytes : kFrameBytes) registered->Arg(static_cast<std::int64_t>(bytes));
  }
  if (benchmark::RunSpecifiedBenchmarks() == 0) return 2;
  session.current.stop();
  return session.failed ? 1 : 0;
}

}  // namespace bench
