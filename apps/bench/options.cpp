#include "options.hpp"

#include "arraywire/version.hpp"
#include "frame.hpp"

#include <benchmark/benchmark.h>
#include <spdlog/common.h>
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <streambuf>
#include <vector>

namespace bench {

namespace {

constexpr int kUsage = 2;
constexpr int kMostCompared = 1000;
constexpr std::size_t kLargestFrameBytes = 0x7fff'fff8;  // what an int counts: some peers do

// Google Benchmark calls this for a value that it does not like, and would leave with status 0 afterwards.
void refuse_value() { throw std::invalid_argument("a --benchmark_* option has a value that Google Benchmark does not take"); }

CLI::Validator benchmark_name(const Benchmarks& benchmarks) {
  return CLI::Validator(
      [&benchmarks](const std::string& name) {
        return find_benchmark(benchmarks, name) != nullptr ? std::string() : "no benchmark is called " + name;
      },
      "BENCHMARK");
}

CLI::Validator frame_size() {
  return CLI::Validator(
      [](const std::string& text) {
        const auto bytes = std::strtoull(text.c_str(), nullptr, 10);
        const bool good = bytes % 8 == 0 && bytes >= kSmallestFrameBytes && bytes <= kLargestFrameBytes;
        if (good) return std::string();
        return "must be a multiple of 8 from " + std::to_string(kSmallestFrameBytes) + " to " +
               std::to_string(kLargestFrameBytes);
      },
      "BYTES");
}

CLI::Validator log_level() {
  return CLI::Validator(
      [](const std::string& level) {
        const bool known = level == "off" || spdlog::level::from_str(level) != spdlog::level::off;
        return known ? std::string() : "must be one of trace, debug, info, warning, error, critical, off";
      },
      "LEVEL");
}

std::string joined_names(const Benchmarks& benchmarks) {
  std::string names = "Benchmarks (each with the frame size in bytes as argument):";
  for (const Benchmark& benchmark : benchmarks) names += "\n  " + benchmark.name;
  return names + "\nThose that are timed by their peers' clock end in /manual_time.\n\nGoogle Benchmark's options:";
}

// Leaves in `rest` what is not ours.
std::optional<int> parse_ours(CLI::App& app, int argc, char** argv, std::vector<std::string>& rest) {
  try {
    app.parse(argc, argv);
    rest = app.remaining();
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help() << std::flush;
    benchmark::PrintDefaultHelp();
    return 0;
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << '\n';
    return 0;
  } catch (const CLI::ParseError& error) {
    std::cerr << "arraywire-bench: " << error.what() << "; see --help\n";
    return kUsage;
  }
}

// Google Benchmark complains of some values on std::cerr and then leaves them among the arguments: its text is kept for our line.
std::string google_complaint(char* program, std::vector<std::string>& rest) {
  std::vector<char*> arguments{program};
  for (std::string& argument : rest) arguments.push_back(argument.data());
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  std::ostringstream said;
  std::streambuf* const terminal = std::cerr.rdbuf(said.rdbuf());
  std::string complaint;
  try {
    benchmark::Initialize(&count, arguments.data(), refuse_value);
    if (count > 1) complaint = said.str().empty() ? std::string("there is no option ") + arguments[1] : said.str();
  } catch (const std::invalid_argument& error) {
    complaint = error.what();
  }
  std::cerr.rdbuf(terminal);
  return complaint.substr(0, complaint.find('\n'));
}

std::optional<int> parse_google_benchmarks(char* program, std::vector<std::string>& rest) {
  const std::string complaint = google_complaint(program, rest);
  if (complaint.empty()) return std::nullopt;
  std::cerr << "arraywire-bench: " << complaint << "; see --help\n";
  return kUsage;
}

}  // namespace

std::pair<Options, std::optional<int>> parse_options(int argc, char** argv, const Benchmarks& benchmarks) {
  Options options;
  CLI::App app("Measures arraywire beside what the machine can do (floor/...) and beside others (peer/...).", "arraywire-bench");
  app.set_version_flag("--version", "arraywire-bench " ARRAYWIRE_VERSION);
  app.set_config("--config", "", "Read options from this file");
  app.allow_extras();
  app.footer(joined_names(benchmarks));
  auto* compare =
      app.add_option("--compare", options.compared,
                     "Compare benchmarks, A,B[,C...], by interleaved rounds of short batches; the first with each other");
  compare->delimiter(',')->expected(2, kMostCompared)->check(benchmark_name(benchmarks))->envname("ARRAYWIRE_COMPARE");
  app.add_option("--size", options.frame_bytes, "Frame size for --compare")->check(frame_size())->envname("ARRAYWIRE_SIZE");
  app.add_option("--pairs", options.pairs, "How many rounds")->check(CLI::Range(1U, 100000U))->envname("ARRAYWIRE_PAIRS");
  app.add_option("--batch-seconds", options.batch_seconds, "About how long each of them is measured in a round")
      ->check(CLI::Range(0.001, 60.0))
      ->envname("ARRAYWIRE_BATCH_SECONDS");
  app.add_option("--json", options.json, "Also write the comparison as JSON there; - for stdout")->envname("ARRAYWIRE_JSON");
  app.add_option("--log-level", options.log_level, "Of arraywire's events, on stderr")
      ->check(log_level())
      ->envname("ARRAYWIRE_LOG_LEVEL");
  for (CLI::Option* option : app.get_options()) {
    if (option->get_lnames().front() != "help") option->capture_default_str();
  }
  std::vector<std::string> rest;
  if (const auto status = parse_ours(app, argc, argv, rest)) return {options, status};
  if (const auto status = parse_google_benchmarks(argv[0], rest)) return {options, status};
  return {options, std::nullopt};
}

}  // namespace bench
