#include "peer_main.hpp"

#include "peer.hpp"
#include "workloads.hpp"

#include <algorithm>
#include <iostream>
#include <string_view>

namespace bench {

int run_peer_main(int argc, char** argv, std::span<const Transport> transports) {
  constexpr std::size_t kOwnArguments = 3;  // the program among them
  const std::span<char* const> arguments(argv, static_cast<std::size_t>(argc));
  if (arguments.size() > kOwnArguments) {
    const auto transport = std::ranges::find(transports, std::string_view(arguments[1]), &Transport::name);
    const auto workload =
        std::ranges::find(kWorkloads, std::string_view(arguments[2]), [](Workload which) { return name(which); });
    if (transport != transports.end() && workload != std::end(kWorkloads)) {
      return run_peer(
          arguments.subspan(kOwnArguments), [&](const Peer& peer) { produce(peer, *transport, *workload); },
          [&](const Peer& peer) { consume(peer, *transport, *workload); });
    }
  }
  std::cout << "error peers are started by arraywire-bench" << std::endl;
  return 2;
}

}  // namespace bench
