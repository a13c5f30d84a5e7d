#include "faults/command_line.hpp"

#include "arraywire/error.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace faults {

Settings::Settings(int argc, char** argv, int first) {
  for (int i = first; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto sign = argument.find('=');
    values_[argument.substr(0, sign)] = argument.substr(sign + 1);
  }
}

std::string Settings::text(std::string_view key, std::string_view otherwise) const {
  const auto found = values_.find(key);
  return found == values_.end() ? std::string(otherwise) : found->second;
}

std::uint64_t Settings::number(std::string_view key, std::uint64_t otherwise) const {
  const auto found = values_.find(key);
  return found == values_.end() ? otherwise : std::stoull(found->second);
}

CommandLine::CommandLine() { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

bool CommandLine::read_more() {
  std::array<char, 512> buffer{};
  const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (got <= 0) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<Command> CommandLine::next() {
  while (!whole_line()) {
    if (!read_more()) return std::nullopt;
  }
  const std::string line = received_.substr(0, received_.find('\n'));
  received_.erase(0, line.size() + 1);
  const auto space = line.find(' ');
  return Command{line.substr(0, space), space == std::string::npos ? 0 : std::stoull(line.substr(space + 1))};
}

bool CommandLine::waiting() {
  pollfd polled{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return whole_line() || ::poll(&polled, 1, 0) > 0;
}

void CommandLine::say(const std::string& line) {
  const std::string whole = line + "\n";
  if (::write(STDOUT_FILENO, whole.data(), whole.size()) < 0) std::_Exit(3);
}

bool CommandLine::fork_and_wait() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kChildSeconds);
    return true;
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  say("forked status=" + std::to_string(status));
  return false;
}

std::size_t CommandLine::refused(std::span<const std::function<void()>> calls) {
  std::size_t count = 0;
  for (const auto& call : calls) {
    try {
      call();
    } catch (const arraywire::Error& error) {
      if (error.code() == arraywire::ErrorCode::InvalidArgument) ++count;
    }
  }
  return count;
}

}  // namespace faults
