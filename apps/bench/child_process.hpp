// A peer process and the text channel to it: the channel is its stdin and stdout, one line per order and per answer.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bench {

// Longer than anything that a healthy peer does between two lines, long runs apart; the writing of the big file included.
inline constexpr std::chrono::seconds kWatchdog{120};

// Lifetime: a process that has not ended is killed by the destructor, and by the kernel when this process dies (PR_SET_PDEATHSIG:
// so it must be started by a thread that lives as long as the process). Threads: one.
class ChildProcess {
 public:
  // `command`: an absolute path and its arguments. `name` is for messages.
  ChildProcess(std::string name, const std::vector<std::string>& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  const std::string& name() const noexcept { return name_; }
  void send(const std::string& line);
  // Closes the channel, which tells the peer to end, and waits for that. Throws when it fails, or does not end.
  void finish();

 private:
  friend std::vector<std::string> next_lines(std::span<ChildProcess* const>, std::chrono::seconds, const std::function<void()>&);
  friend void end_all(std::span<ChildProcess* const>, std::chrono::seconds) noexcept;

  int channel() const noexcept { return channel_; }
  void close_channel() noexcept;
  bool receive_more();                     // call when readable; false: there is no more, and never will be
  std::optional<std::string> next_line();  // of what was received; nullopt: no whole line yet
  [[noreturn]] void throw_exit();
  std::optional<int> wait_for_exit(std::chrono::milliseconds timeout);

  std::string name_;
  int channel_ = -1;
  pid_t pid_ = -1;
  std::string received_;
};

// The next line of each. Throws as soon as one of them exits or answers "error ..." or "absent ..." (Absent), after `patience`,
// and StopRequested after a signal. `meanwhile` is called again and again until all have answered, a millisecond apart.
std::vector<std::string> next_lines(std::span<ChildProcess* const> children, std::chrono::seconds patience = kWatchdog,
                                    const std::function<void()>& meanwhile = {});

// Closes the channels of all, then waits for them: however it came to that, they can tidy up. Those that have not ended after
// `patience` are left to their destructors.
void end_all(std::span<ChildProcess* const> children, std::chrono::seconds patience) noexcept;

}  // namespace bench
