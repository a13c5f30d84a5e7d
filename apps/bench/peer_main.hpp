// The main function of a program that is nothing but peers, of some transports.
#pragma once

#include "transport.hpp"

#include <span>

namespace bench {

// Arguments as the driver gives them: TRANSPORT WORKLOAD, and those of peer.hpp. The process's exit status.
int run_peer_main(int argc, char** argv, std::span<const Transport> transports);

}  // namespace bench
