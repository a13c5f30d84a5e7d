#include "compare.hpp"

#include "families.hpp"
#include "stop_signal.hpp"

#include <unistd.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

namespace bench {

namespace {

constexpr double kBytesPerGigabyte = 1e9;
constexpr std::uint64_t kFewestFrames = 4;
constexpr char kRate[] = "GB/s";
constexpr char kFrameTime[] = "frame_us";

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

  // Its counters, and two of ours. A message that is smaller than the frame stands for one all the same.
  Counters measure() {
    measurement_->run(std::max<std::uint64_t>(1, frames_ / 8));  // warm up: the other side had the caches
    const double seconds = measurement_->run(frames_);
    Counters counters = measurement_->counters();
    counters[kRate] = static_cast<double>(frames_ * frame_bytes_) / seconds / kBytesPerGigabyte;
    counters[kFrameTime] = seconds / static_cast<double>(frames_) * 1e6;
    return counters;
  }

  void stop() { measurement_->stop(); }

 private:
  const Family& family_;
  const std::size_t frame_bytes_;
  const std::unique_ptr<Measurement> measurement_;
  std::uint64_t frames_ = 0;
};

struct Pairs {
  std::vector<double> a{}, b{}, ratios{};  // A/B
  void add(double value_a, double value_b) {
    a.push_back(value_a);
    b.push_back(value_b);
    ratios.push_back(value_a / value_b);
  }
};

// By counter: those that both sides have.
using Compared = std::map<std::string, Pairs>;

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

Compared measure_pairs(Side& a, Side& b, unsigned wanted) {
  Compared compared;
  const bool on_terminal = ::isatty(STDERR_FILENO) != 0;
  try {
    for (unsigned i = 0; i < wanted && !stop_requested(); ++i) {
      Counters of_a;
      if (i % 2 == 0) of_a = a.measure();
      Counters of_b = b.measure();
      if (i % 2 == 1) of_a = a.measure();
      for (const auto& [name, value] : of_a) {
        if (of_b.contains(name)) compared[name].add(value, of_b[name]);
      }
      if (on_terminal) std::fprintf(stderr, "\r\033[Kpair %u of %u: %.2f and %.2f GB/s", i + 1, wanted, of_a[kRate], of_b[kRate]);
    }
    a.stop();
    b.stop();
  } catch (const StopRequested&) {
    // What was measured so far counts; the destructors end the peers.
  }
  if (on_terminal) std::fputs("\r\033[K", stderr);
  if (compared.empty()) throw StopRequested();
  return compared;
}

void print_row(const char* label, const std::string& name, const std::vector<double>& values, const std::string& unit) {
  const Quartiles of = quartiles(values);
  std::printf("%-6s%-28s median %10.3f %s, quartiles %.3f to %.3f\n", label, name.c_str(), of.median, unit.c_str(), of.lower,
              of.upper);
}

void print(const Options& options, const Compared& compared) {
  std::printf("%zu bytes per frame, %zu interleaved pairs\n", options.frame_bytes, compared.at(kRate).ratios.size());
  for (const auto& [name, pairs] : compared) {
    print_row("A", options.a, pairs.a, name);
    print_row("B", options.b, pairs.b, name);
    print_row("A/B", "", pairs.ratios, "of " + name);
  }
  std::fflush(stdout);
}

nlohmann::json as_json(const std::vector<double>& values) {
  const Quartiles of = quartiles(values);
  return {{"median", of.median}, {"quartiles", {of.lower, of.upper}}, {"values", values}};
}

void write_json(const Options& options, const Compared& compared) {
  const Pairs& pairs = compared.at(kRate);
  nlohmann::json summary = {{"a", options.a},
                            {"b", options.b},
                            {"frame_bytes", options.frame_bytes},
                            {"pairs", pairs.ratios.size()},
                            {"a_gigabytes_per_second", as_json(pairs.a)},
                            {"b_gigabytes_per_second", as_json(pairs.b)},
                            {"ratio", as_json(pairs.ratios)}};
  for (const auto& [name, of] : compared) {
    summary["counters"][name] = {{"a", as_json(of.a)}, {"b", as_json(of.b)}, {"ratio", as_json(of.ratios)}};
  }
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
  const Compared compared = measure_pairs(a, b, options.pairs);
  if (options.json != "-") print(options, compared);
  if (!options.json.empty()) write_json(options, compared);
}

}  // namespace bench
