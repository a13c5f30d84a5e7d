// arraywire-bench: arraywire beside what the machine can do and beside others. See README and --help.
#include "benchmarks.hpp"
#include "compare.hpp"
#include "google_benchmark.hpp"
#include "options.hpp"
#include "own_peers.hpp"
#include "stop_signal.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>

namespace {

constexpr char kLogLevel[] = "ARRAYWIRE_LOG_LEVEL";  // how the peers learn it

void log_to_stderr(const char* level) {
  spdlog::set_default_logger(spdlog::stderr_color_mt("arraywire-bench"));
  spdlog::set_level(spdlog::level::from_str(level == nullptr ? "warning" : level));
}

int drive(const bench::Options& options, const bench::Benchmarks& benchmarks) {
  bench::install_stop_signals();
  bench::RunDirectory directory;
  if (options.compared.empty()) return bench::run_google_benchmarks(benchmarks, directory);
  bench::compare(options, benchmarks, directory);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--peer") {
    log_to_stderr(std::getenv(kLogLevel));
    return bench::run_own_peer(argc, argv);
  }
  try {
    const bench::Benchmarks benchmarks = bench::all_benchmarks();
    const auto [options, status] = bench::parse_options(argc, argv, benchmarks);
    if (status) return *status;
    log_to_stderr(options.log_level.c_str());
    ::setenv(kLogLevel, options.log_level.c_str(), 1);
    return drive(options, benchmarks);
  } catch (const std::exception& error) {
    std::cerr << "arraywire-bench: " << error.what() << '\n';
    return 1;
  }
}
