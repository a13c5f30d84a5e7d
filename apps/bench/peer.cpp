#include "peer.hpp"

#include "families.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <stdexcept>

namespace bench {

namespace {

std::int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

void Peer::serve(const std::string& own_address, const std::function<void(std::uint64_t)>& frame,
                 const std::function<Counters()>& report, const std::function<void()>& connect) {
  std::cout << "ready " << own_address << std::endl;
  std::string word;
  std::uint64_t frames = 0;
  std::uint64_t next = 0;
  while (std::cin >> word >> frames) {
    if (next == 0 && connect) connect();
    const std::int64_t start_ns = monotonic_ns();
    for (const std::uint64_t end = next + frames; next < end; ++next) frame(next);
    const std::int64_t end_ns = monotonic_ns();
    std::cout << "done " << start_ns << ' ' << end_ns;
    if (report) {
      for (const auto& [name, value] : report()) std::cout << ' ' << name << '=' << value;
    }
    std::cout << std::endl;
  }
}

int run_peer(int argc, char** argv) {
  constexpr int kArguments = 7;
  try {
    const Family* family = argc == kArguments ? find_family(argv[2]) : nullptr;
    if (family == nullptr || family->producer == nullptr) throw std::invalid_argument("--peer is for this program's own use");
    Peer peer;
    peer.frame_bytes = std::stoull(argv[4]);
    peer.directory = argv[5];
    peer.address = argv[6];
    peer.consumers = family->consumers;
    (std::string_view(argv[3]) == "producer" ? family->producer : family->consumer)(peer);
    return 0;
  } catch (const std::exception& error) {
    std::string line = error.what();
    std::ranges::replace(line, '\n', ' ');
    std::cout << "error " << line << std::endl;
    return 1;
  }
}

}  // namespace bench
