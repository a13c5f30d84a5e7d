#include "peer.hpp"

#include "percentiles.hpp"

#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace bench {

namespace {

using arraywire::cli::LatencyHistogram;

std::int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

class Server {
 public:
  explicit Server(const Work& work) : work_(work) {}

  void connect(const std::string& address) const {
    if (work_.connect) work_.connect(address);
    std::cout << "connected " << ::getpid();
    for (const pid_t daemon : work_.daemons) std::cout << ' ' << daemon;
    std::cout << std::endl;
  }

  void run(std::uint64_t frames) {
    const std::int64_t start_ns = monotonic_ns();
    std::int64_t steady_ns = start_ns;
    std::int64_t unsteady_ns = start_ns;
    for (std::uint64_t done = 0; done < frames;) {
      work_.frame(next_++);
      ++done;
      if (done == kBuffers) steady_ns = monotonic_ns();
      if (done + kBuffers == frames) unsteady_ns = monotonic_ns();
    }
    std::cout << "done " << start_ns << ' ' << steady_ns << ' ' << unsteady_ns << ' ' << monotonic_ns() << std::endl;
  }

  void report() const {
    const Report report = work_.report ? work_.report() : Report();
    std::cout << "report";
    for (const auto& [name, value] : report.counters) std::cout << ' ' << name << '=' << value;
    for (const auto& [prefix, times] : report.latencies) std::cout << ' ' << prefix << "times=" << as_text(times);
    std::cout << std::endl;
  }

 private:
  const Work& work_;
  std::uint64_t next_ = 0;
};

Peer parse(std::span<char* const> arguments) {
  constexpr std::size_t kArguments = 6;
  if (arguments.size() != kArguments) throw std::invalid_argument("peers are started by arraywire-bench");
  Peer peer;
  peer.frame_bytes = std::stoull(arguments[1]);
  peer.consumers = std::stoull(arguments[2]);
  peer.consumer = std::stoull(arguments[3]);
  peer.directory = arguments[4];
  peer.address = arguments[5];
  return peer;
}

int tell_driver(const char* word, const std::exception& error) {
  std::string line = error.what();
  std::ranges::replace(line, '\n', ' ');
  std::cout << word << ' ' << line << std::endl;
  return 1;
}

}  // namespace

Report take(const std::string& prefix, LatencyHistogram& times) {
  Report report;
  if (times.count() > 0) report.latencies.emplace(prefix, std::exchange(times, {}));
  return report;
}

void serve(const Work& work) {
  Server server(work);
  std::cout << "ready " << work.address << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string order;
    std::string argument;
    words >> order >> argument;
    if (order == "connect") {
      server.connect(argument);
    } else if (order == "report") {
      server.report();
    } else {
      server.run(std::stoull(argument));
    }
  }
}

int run_peer(std::span<char* const> arguments, const std::function<void(const Peer&)>& produce,
             const std::function<void(const Peer&)>& consume) {
  try {
    const Peer peer = parse(arguments);
    (std::string_view(arguments[0]) == "producer" ? produce : consume)(peer);
    return 0;
  } catch (const Absent& absent) {
    return tell_driver("absent", absent);
  } catch (const std::exception& error) {
    return tell_driver("error", error);
  }
}

}  // namespace bench
