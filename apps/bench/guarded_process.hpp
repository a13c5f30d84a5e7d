// A program that a peer needs beside it (RouDi, mpirun). Killed it would leave files behind, and peers are killed at any time: so
// it is told to end, by a process between that outlives the peer.
#pragma once

#include "memory/descriptor.hpp"

#include <sys/types.h>
#include <functional>
#include <string>
#include <vector>

namespace bench {

// Lifetime: the program is told to end by the destructor, which waits for that, or when this process is no more: SIGTERM, and if
// that does not help SIGKILL. Before this process has a second thread.
class GuardedProcess {
 public:
  static constexpr int kNotStarted = 127;

  // `output`: its stdout and stderr. `tidy` is called once it has ended, in a process that has but one thread.
  GuardedProcess(const std::vector<std::string>& command, int output, const std::function<void()>& tidy);
  ~GuardedProcess();
  GuardedProcess(const GuardedProcess&) = delete;
  GuardedProcess& operator=(const GuardedProcess&) = delete;

  pid_t pid() const noexcept { return program_; }
  pid_t guard() const noexcept { return guard_; }  // a child of this process; ends after the program
  // For its end, of itself. The status that it ended with, 1 if by a signal, kNotStarted if there is no such program.
  int wait();

 private:
  arraywire::memory::Descriptor lifeline_{};
  pid_t guard_ = -1;
  pid_t program_ = -1;
};

}  // namespace bench
