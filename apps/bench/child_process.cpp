#include "child_process.hpp"

#include "measurement.hpp"
#include "stop_signal.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kExitPatience{20};  // a publisher may linger
constexpr int kBetween = 1;                        // milliseconds

[[noreturn]] void throw_errno(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::max<decltype(left)>(0, left));
}

pid_t spawn(const std::vector<std::string>& command, int channel) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  // In the child: only async-signal-safe calls until exec, since other threads may have held locks at the fork.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);  // it died before the line above
  ::signal(SIGINT, SIG_IGN);                // the parent ends us in order, also when the terminal signals the whole group
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  ::dup2(channel, STDIN_FILENO);
  ::dup2(channel, STDOUT_FILENO);
  ::execv(arguments.front(), arguments.data());
  ::_exit(127);
}

std::string describe_status(int status) {
  if (WIFSIGNALED(status)) return std::string("was killed by SIG") + ::sigabbrev_np(WTERMSIG(status));
  return "exited with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

ChildProcess::ChildProcess(std::string name, const std::vector<std::string>& command) : name_(std::move(name)) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw_errno(name_ + ": make a socket pair");
  channel_ = ends[0];
  pid_ = spawn(command, ends[1]);
  const int spawn_error = errno;
  ::close(ends[1]);
  if (pid_ > 0) return;
  ::close(channel_);
  errno = spawn_error;
  throw_errno(name_ + ": fork");
}

ChildProcess::~ChildProcess() {
  ::close(channel_);
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void ChildProcess::send(const std::string& line) {
  const std::string text = line + "\n";
  const ssize_t sent = ::send(channel_, text.data(), text.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(text.size())) throw_exit();  // a short line always fits the buffer of a living peer
}

// What it still has to say it may say: only its reading ends.
void ChildProcess::close_channel() noexcept { ::shutdown(channel_, SHUT_WR); }

void ChildProcess::finish() {
  close_channel();
  const auto status = wait_for_exit(kExitPatience);
  if (!status) throw std::runtime_error(name_ + ": did not end when told to");
  if (*status != 0) throw std::runtime_error(name_ + ": " + describe_status(*status));
}

std::optional<int> ChildProcess::wait_for_exit(std::chrono::milliseconds timeout) {
  // By number: glibc 2.36 declares pidfd_open without C linkage.
  const auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (descriptor < 0) throw_errno(name_ + ": open a process descriptor");
  const auto deadline = Clock::now() + timeout;
  pollfd exited{descriptor, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&exited, 1, milliseconds_until(deadline));
  } while (ready < 0 && errno == EINTR);
  ::close(descriptor);
  if (ready <= 0) return std::nullopt;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return status;
}

// Its last words, or how it ended.
void ChildProcess::throw_exit() {
  while (receive_more()) {
  }
  while (next_line()) {
  }
  const auto status = wait_for_exit(kExitPatience);
  throw std::runtime_error(name_ + ": " + (status ? describe_status(*status) : "closed its channel"));
}

bool ChildProcess::receive_more() {
  std::array<char, 4096> piece{};
  const ssize_t got = ::recv(channel_, piece.data(), piece.size(), MSG_DONTWAIT);
  if (got > 0) received_.append(piece.data(), static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && errno == EINTR);
}

std::optional<std::string> ChildProcess::next_line() {
  const std::size_t end = received_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 1);
  if (line.starts_with("error ")) throw std::runtime_error(name_ + ": " + line.substr(std::strlen("error ")));
  if (line.starts_with("absent ")) throw Absent(name_ + ": absent: " + line.substr(std::strlen("absent ")));
  return line;
}

void end_all(std::span<ChildProcess* const> children, std::chrono::seconds patience) noexcept {
  for (ChildProcess* child : children) child->close_channel();
  const auto deadline = Clock::now() + patience;
  for (ChildProcess* child : children) {
    try {
      if (child->pid_ > 0) child->wait_for_exit(std::chrono::milliseconds(milliseconds_until(deadline)));
    } catch (const std::exception&) {
      // Then it is killed without having been waited for.
    }
  }
}

std::vector<std::string> next_lines(std::span<ChildProcess* const> children, std::chrono::seconds patience,
                                    const std::function<void()>& meanwhile) {
  const auto deadline = Clock::now() + patience;
  std::vector<std::optional<std::string>> lines(children.size());
  for (std::size_t i = 0; i < children.size(); ++i) lines[i] = children[i]->next_line();  // it may have come with the one before
  const auto answered = [](const auto& line) { return line.has_value(); };
  while (!std::ranges::all_of(lines, answered)) {
    // Those that have answered are watched too (POLLHUP needs no asking for): their death would keep the others waiting.
    std::vector<pollfd> waits;
    for (std::size_t i = 0; i < children.size(); ++i) {
      waits.push_back({children[i]->channel(), static_cast<short>(lines[i] ? 0 : POLLIN), 0});
    }
    const int ready = ::poll(waits.data(), waits.size(), meanwhile ? kBetween : milliseconds_until(deadline));
    if (stop_requested()) throw StopRequested();
    if (ready < 0 && errno != EINTR) throw_errno("wait for peers");
    for (std::size_t i = 0; ready > 0 && i < children.size(); ++i) {
      if (waits[i].revents == 0) continue;
      if (lines[i] || !children[i]->receive_more()) children[i]->throw_exit();
      lines[i] = children[i]->next_line();
    }
    if (ready == 0 && Clock::now() >= deadline) {
      const auto silent = static_cast<std::size_t>(std::ranges::find_if_not(lines, answered) - lines.begin());
      throw std::runtime_error(children[silent]->name_ + ": no answer for " + std::to_string(patience.count()) + " s");
    }
    if (ready == 0 && meanwhile) meanwhile();
  }
  std::vector<std::string> answers;
  answers.reserve(lines.size());
  for (auto& line : lines) answers.push_back(std::move(*line));
  return answers;
}

}  // namespace bench
