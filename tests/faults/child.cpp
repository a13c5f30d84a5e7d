#include "faults/child.hpp"

#include "faults/scene.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace faults {

namespace {

struct EndOfAnswers : std::runtime_error {
  EndOfAnswers() : std::runtime_error("the child is gone without an answer") {}
};

}  // namespace

std::string Reply::value(std::string_view key) const {
  const std::string wanted = " " + std::string(key) + "=";
  const auto at = text.find(wanted);
  if (at == std::string::npos) throw std::runtime_error("no " + std::string(key) + " in: " + text);
  const auto begin = at + wanted.size();
  return text.substr(begin, text.find(' ', begin) - begin);
}

std::uint64_t Reply::number(std::string_view key) const { return std::stoull(value(key)); }

Child::Child(const std::string& program, const std::vector<std::string>& arguments) {
  ::signal(SIGPIPE, SIG_IGN);  // telling a dead child something is an error here, not our death
  std::array<int, 2> in{}, out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  const int error = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  to_ = in[1];
  from_ = out[0];
  if (error != 0) throw std::runtime_error("spawn " + program + ": " + std::strerror(error));
}

Child::~Child() {
  int status = 0;
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    reap(0, status);
  }
  ::close(to_);
  ::close(from_);
}

bool Child::reap(int options, int& status) {
  pid_t got = 0;
  do {
    got = ::waitpid(pid_, &status, options);
  } while (got < 0 && errno == EINTR);
  if (got == pid_ && (WIFEXITED(status) || WIFSIGNALED(status))) pid_ = -1;
  return got > 0;
}

void Child::tell(const std::string& command) {
  const std::string line = command + "\n";
  if (::write(to_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw std::runtime_error("the child does not listen: " + command);
}

bool Child::has_answer() const {
  pollfd polled{.fd = from_, .events = POLLIN, .revents = 0};
  return !received_.empty() || ::poll(&polled, 1, 0) > 0;
}

Reply Child::answer() {
  const auto limit = std::chrono::steady_clock::now() + kWatchdog;
  for (;;) {
    if (const auto end = received_.find('\n'); end != std::string::npos) {
      Reply reply{received_.substr(0, end)};
      received_.erase(0, end + 1);
      return reply;
    }
    pollfd polled{.fd = from_, .events = POLLIN, .revents = 0};
    if (::poll(&polled, 1, 1000) > 0) {
      std::array<char, 4096> buffer{};
      const ssize_t got = ::read(from_, buffer.data(), buffer.size());
      if (got == 0) throw EndOfAnswers();
      if (got > 0) received_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    if (std::chrono::steady_clock::now() > limit) throw std::runtime_error("watchdog: the child does not answer");
  }
}

std::vector<Reply> Child::answers_of(std::string_view word) {
  std::vector<Reply> all;
  try {
    do {
      all.push_back(answer());
    } while (all.back().word() == word);
  } catch (const EndOfAnswers&) {  // it is gone
  }
  return all;
}

void Child::kill() {
  int status = 0;
  ::kill(pid_, SIGKILL);
  reap(0, status);
}

void Child::stop() {
  int status = 0;
  ::kill(pid_, SIGSTOP);
  reap(WUNTRACED, status);
  if (!WIFSTOPPED(status)) throw std::runtime_error("the child ended instead of stopping");
}

void Child::resume() { ::kill(pid_, SIGCONT); }

int Child::wait_exit() {
  int status = 0;
  if (!eventually([&] { return reap(WNOHANG, status); })) throw std::runtime_error("watchdog: the child does not end");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace faults
