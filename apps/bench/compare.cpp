#include "compare.hpp"

#include "families.hpp"
#include "stop_signal.hpp"

#include <unistd.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

namespace bench {

namespace {

constexpr double kBytesPerGigabyte = 1e9;
constexpr std::uint64_t kFewestFrames = 4;

// One of the two: started, and calibrated to batches of about the wanted length.
class Side {
 public:
  Side(const std::string& name, const Options& options, RunDirectory& directory)
      : family_(*find_family(name)),
        frame_bytes_(options.frame_bytes),
        measurement_(family_.make(family_, directory.make_child())) {
    measurement_->start(frame_bytes_);
    frames_ = whole_passes(family_, frame_bytes_, kFewestFrames);
    double seconds = measurement_->run(frames_);
    while (seconds < options.batch_seconds / 2) {
      const double growth = std::clamp(options.batch_seconds / seconds, 2.0, 10.0);
      frames_ = whole_passes(family_, frame_bytes_, static_cast<std::uint64_t>(static_cast<double>(frames_) * growth));
      seconds = measurement_->run(frames_);
    }
  }

  double measure_gigabytes_per_second() {
    measurement_->run(std::max<std::uint64_t>(1, frames_ / 8));  // warm up: the other side had the caches
    const double seconds = measurement_->run(frames_);
    return static_cast<double>(frames_ * frame_bytes_) / seconds / kBytesPerGigabyte;
  }

  void stop() { measurement_->stop(); }

 private:
  const Family& family_;
  const std::size_t frame_bytes_;
  const std::unique_ptr<Measurement> measurement_;
  std::uint64_t frames_ = 0;
};

struct Pairs {
  std::vector<double> a{}, b{}, ratios{};  // GB/s, GB/s, A/B
};

struct Quartiles {
  double lower = 0, median = 0, upper = 0;
};

double quantile(const std::vector<double>& sorted, double at) {
  const double position = at * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

Quartiles quartiles(std::vector<double> values) {
  std::ranges::sort(values);
  return {quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75)};
}

Pairs measure_pairs(Side& a, Side& b, unsigned wanted) {
  Pairs pairs;
  const bool on_terminal = ::isatty(STDERR_FILENO) != 0;
  try {
    for (unsigned i = 0; i < wanted && !stop_requested(); ++i) {
      double rate_a = 0;
      double rate_b = 0;
      if (i % 2 == 0) rate_a = a.measure_gigabytes_per_second();
      rate_b = b.measure_gigabytes_per_second();
      if (i % 2 == 1) rate_a = a.measure_gigabytes_per_second();
      pairs.a.push_back(rate_a);
      pairs.b.push_back(rate_b);
      pairs.ratios.push_back(rate_a / rate_b);
      if (on_terminal) std::fprintf(stderr, "\r\033[Kpair %u of %u: %.2f and %.2f GB/s", i + 1, wanted, rate_a, rate_b);
    }
    a.stop();
    b.stop();
  } catch (const StopRequested&) {
    // What was measured so far counts; the destructors end the peers.
  }
  if (on_terminal) std::fputs("\r\033[K", stderr);
  if (pairs.ratios.empty()) throw StopRequested();
  return pairs;
}

void print_row(const std::string& label, const std::string& name, const std::vector<double>& values, const char* unit) {
  const Quartiles of = quartiles(values);
  std::printf("%-6s%-22s median %8.3f%s, quartiles %.3f to %.3f\n", label.c_str(), name.c_str(), of.median, unit, of.lower,
              of.upper);
}

nlohmann::json as_json(const std::vector<double>& values) {
  const Quartiles of = quartiles(values);
  return {{"median", of.median}, {"quartiles", {of.lower, of.upper}}, {"values", values}};
}

void write_json(const Options& options, const Pairs& pairs) {
  const nlohmann::json summary = {{"a", options.a},
                                  {"b", options.b},
                                  {"frame_bytes", options.frame_bytes},
                                  {"pairs", pairs.ratios.size()},
                                  {"a_gigabytes_per_second", as_json(pairs.a)},
                                  {"b_gigabytes_per_second", as_json(pairs.b)},
                                  {"ratio", as_json(pairs.ratios)}};
  if (options.json == "-") {
    std::cout << summary << std::endl;
    return;
  }
  std::ofstream file(options.json);
  file << summary << '\n';
  file.close();
  if (!file) throw std::runtime_error("cannot write " + options.json);
}

}  // namespace

void compare(const Options& options, RunDirectory& directory) {
  Side a(options.a, options, directory);
  Side b(options.b, options, directory);
  const Pairs pairs = measure_pairs(a, b, options.pairs);
  if (options.json != "-") {
    std::printf("%zu bytes per frame, %zu interleaved pairs\n", options.frame_bytes, pairs.ratios.size());
    print_row("A", options.a, pairs.a, " GB/s");
    print_row("B", options.b, pairs.b, " GB/s");
    print_row("A/B", "", pairs.ratios, "");
    std::fflush(stdout);
  }
  if (!options.json.empty()) write_json(options, pairs);
}

}  // namespace bench
