// A peer process and the text channel to it: the channel is its stdin and stdout, one line per order and per answer.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bench {

// Longer than anything that a healthy peer does between two lines, long runs apart; the writing of the big file included.
inline constexpr std::chrono::seconds kWatchdog{120};

// Lifetime: the process is killed by the destructor, and by the kernel when this process dies (PR_SET_PDEATHSIG: so it must be
// started by a thread that lives as long as the process). Threads: one.
class ChildProcess {
 public:
  // `command`: an absolute path and its arguments. `name` is for messages.
  ChildProcess(std::string name, const std::vector<std::string>& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void send(const std::string& line);
  // Closes the channel, which tells the peer to end, and waits for that. Throws when it fails, or does not end.
  void finish();

 private:
  friend std::vector<std::string> next_lines(std::span<ChildProcess* const> children, std::chrono::seconds patience);

  int channel() const noexcept { return channel_; }
  std::optional<std::string> receive();  // call when readable; nullopt: no whole line yet
  [[noreturn]] void throw_exit();
  std::optional<int> wait_for_exit(std::chrono::milliseconds timeout);

  std::string name_;
  int channel_ = -1;
  pid_t pid_ = -1;
  std::string received_;
};

// The next line of each. Throws as soon as one of them exits or answers "error ..." or "absent ..." (Absent), after `patience`,
// and StopRequested after a signal.
std::vector<std::string> next_lines(std::span<ChildProcess* const> children, std::chrono::seconds patience = kWatchdog);

}  // namespace bench
