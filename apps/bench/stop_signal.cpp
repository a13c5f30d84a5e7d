#include "stop_signal.hpp"

#include <csignal>

namespace bench {

namespace {

// Written by the handler only, to one value only; a stale read is corrected by the next one.
volatile std::sig_atomic_t g_stop = 0;

void on_signal(int /*number*/) { g_stop = 1; }

}  // namespace

void install_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = 0;  // no SA_RESTART: waits for peers must return
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool stop_requested() noexcept { return g_stop != 0; }

}  // namespace bench
