#include "host_state.hpp"

#include "frame.hpp"
#include "processors.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace bench {

namespace {

constexpr std::size_t kTries = 5;  // the median of them: interrupts come

template <class Try> double median_of(Try one) {
  std::array<double, kTries> values{};
  std::ranges::generate(values, one);
  std::ranges::sort(values);
  return values[kTries / 2];
}

double nanoseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
}

// So many independent chains that a core has always as much to do as it can: what another hardware thread of it does shows.
// Xorshift, of Marsaglia, Journal of Statistical Software 8 (2003).
double steps_per_ns(std::atomic<std::uint64_t>& sink) {
  constexpr std::uint64_t kRounds = 10'000;
  std::array<std::uint64_t, 16> chains{};
  for (std::size_t i = 0; i < chains.size(); ++i) chains[i] = i + 1;
  const auto begin = Clock::now();
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    for (std::uint64_t& x : chains) {
      x ^= x << 13U;
      x ^= x >> 7U;
      x ^= x << 17U;
    }
  }
  const double took = nanoseconds_since(begin);
  for (const std::uint64_t x : chains) sink.fetch_xor(x, std::memory_order_relaxed);  // so that it is computed
  return static_cast<double>(kRounds * chains.size()) / took;
}

// Two threads on a core each, which do everything at the same time.
class Pair {
 public:
  HostState measure() {
    {
      std::jthread other([this] { run(1); });
      run(0);
    }
    return {.line_ns = line_ns_, .steps_per_ns = std::min(steps_[0], steps_[1])};
  }

 private:
  void run(std::size_t side) {
    keep_to(share_of(side).own, 0);
    meet(side);
    const double line = median_of([&] { return pass_lines(side); });
    if (side == 0) line_ns_ = line;
    meet(side);
    steps_[side] = median_of([&] { return steps_per_ns(sink_); });
  }

  // A line goes to the other side and comes back, again and again.
  double pass_lines(std::size_t side) {
    constexpr std::uint64_t kPasses = 500;
    const auto begin = Clock::now();
    for (std::uint64_t i = 0; i < kPasses; ++i) meet(side);
    return nanoseconds_since(begin) / (2 * kPasses);
  }

  void meet(std::size_t side) {
    if (side == 0) {
      const std::uint64_t next = line_.load(std::memory_order_relaxed) + 1;
      line_.store(next, std::memory_order_release);
      while (line_.load(std::memory_order_acquire) == next) {
      }
    } else {
      std::uint64_t now = line_.load(std::memory_order_acquire);
      for (; now % 2 == 0;) now = line_.load(std::memory_order_acquire);
      line_.store(now + 1, std::memory_order_release);
    }
  }

  alignas(128) std::atomic<std::uint64_t> line_ = 0;
  alignas(128) std::atomic<std::uint64_t> sink_ = 0;
  std::array<double, 2> steps_{};
  double line_ns_ = 0;
};

}  // namespace

HostState host_state() {
  HostState state;
  std::jthread([&state] {  // the caller stays where it may be
    if (cores().size() > 1) {
      state = Pair().measure();
    } else {
      std::atomic<std::uint64_t> sink = 0;
      state.steps_per_ns = median_of([&] { return steps_per_ns(sink); });
    }
  })
      .join();
  return state;
}

}  // namespace bench
