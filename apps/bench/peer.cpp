#include "peer.hpp"

#include "resources.hpp"

#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace bench {

namespace {

// In an order to warm up, memory is read after some of the first frames, when as many are on their way as ever are.
constexpr std::uint64_t kFirstRead = 4;
constexpr std::uint64_t kLastRead = 7;

std::int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

class Server {
 public:
  explicit Server(const Work& work) : work_(work), processes_(work.daemons) { processes_.push_back(::getpid()); }

  void connect(const std::string& address) const {
    if (work_.connect) work_.connect(address);
    std::cout << "connected" << std::endl;
  }

  void run(std::uint64_t frames) {
    const double cpu = cpu_seconds(processes_);
    const std::int64_t start_ns = monotonic_ns();
    for (const std::uint64_t end = next_ + frames; next_ < end; ++next_) work_.frame(next_);
    const std::int64_t end_ns = monotonic_ns();
    Counters counters = report();
    counters["cpu_s"] = cpu_seconds(processes_) - cpu;
    answer(start_ns, end_ns, counters);
  }

  void warm_up(std::uint64_t frames) {
    double memory = 0;
    const std::int64_t start_ns = monotonic_ns();
    for (std::uint64_t i = 0; i < frames; ++i) {
      work_.frame(next_++);
      if ((i >= kFirstRead && i <= kLastRead) || i + 1 == frames) memory = std::max(memory, memory_bytes(processes_));
    }
    const std::int64_t end_ns = monotonic_ns();
    Counters counters = report();
    counters["memory_bytes"] = memory;
    answer(start_ns, end_ns, counters);
  }

 private:
  Counters report() const { return work_.report ? work_.report() : Counters(); }

  static void answer(std::int64_t start_ns, std::int64_t end_ns, const Counters& counters) {
    std::cout << "done " << start_ns << ' ' << end_ns;
    for (const auto& [name, value] : counters) std::cout << ' ' << name << '=' << value;
    std::cout << std::endl;
  }

  const Work& work_;
  std::vector<pid_t> processes_;
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
    } else if (order == "warm") {
      server.warm_up(std::stoull(argument));
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
