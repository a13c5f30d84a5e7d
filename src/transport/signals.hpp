// Signals kept away from set-up.
#pragma once

#include <csignal>

namespace arraywire::transport {

// This thread takes no signals while it lives; threads that it starts meanwhile never take one. For set-up: zmq_bind, zmq_connect
// and zmq_socket_monitor give up with EINTR, of which they leave nothing to go on from.
class SignalsDeferred {
 public:
  SignalsDeferred() noexcept {
    sigset_t all{};
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsDeferred() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsDeferred(const SignalsDeferred&) = delete;
  SignalsDeferred& operator=(const SignalsDeferred&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace arraywire::transport
