// SIGINT and SIGTERM end the program in order: peers end, what was measured is printed, the run directory is removed.
#pragma once

#include <stdexcept>

namespace bench {

struct StopRequested : std::runtime_error {
  StopRequested() : std::runtime_error("stopped by a signal") {}
};

void install_stop_signals();
bool stop_requested() noexcept;

}  // namespace bench
