#include "guarded_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace bench {

namespace {

using arraywire::memory::Descriptor;

constexpr int kPatienceMs = 5000;  // RouDi may wait for locks of processes that are no more, for ever

[[noreturn]] void throw_errno(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("make a pipe");
    out = Descriptor(ends[0]);
    in = Descriptor(ends[1]);
  }
  Descriptor out{};
  Descriptor in{};
};

[[noreturn]] void become(std::vector<char*>& arguments, int output, pid_t guard) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != guard) ::_exit(GuardedProcess::kNotStarted);
  ::signal(SIGTERM, SIG_DFL);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execvp(arguments.front(), arguments.data());
  ::_exit(GuardedProcess::kNotStarted);
}

bool readable(int descriptor, int timeout_ms) {
  pollfd wait{descriptor, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&wait, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

// Until the program has ended: by itself, or told to when the lifeline's other end is closed.
int guard_until_end(pid_t program, const Descriptor& lifeline) {
  // By number: glibc 2.36 declares pidfd_open without C linkage.
  const Descriptor ended(static_cast<int>(::syscall(SYS_pidfd_open, program, 0)));
  std::array<pollfd, 2> waits{pollfd{ended.get(), POLLIN, 0}, pollfd{lifeline.get(), POLLIN, 0}};
  while (::poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
  }
  if (waits[0].revents == 0) {
    ::kill(program, SIGTERM);
    if (!readable(ended.get(), kPatienceMs)) ::kill(program, SIGKILL);
  }
  int status = 0;
  ::waitpid(program, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

[[noreturn]] void be_guard(std::vector<char*>& arguments, int output, const std::function<void()>& tidy, Pipe& lifeline,
                           const Pipe& told) {
  ::setsid();  // what the terminal signals to the group is not for it
  ::signal(SIGTERM, SIG_IGN);
  static_cast<void>(::chdir("/") ==
                    0);  // mpirun looks for the working directory, which may be hidden; nor is it kept from removal
  // The channel to the driver is not the guard's: it ends when the peer does.
  const Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(nothing.get(), STDOUT_FILENO);
  const Descriptor peer_alive = std::move(lifeline.out);
  static_cast<void>(lifeline.in.close());
  const pid_t guard = ::getpid();
  const pid_t program = ::fork();
  if (program == 0) become(arguments, output, guard);
  if (program < 0 || ::write(told.in.get(), &program, sizeof program) != sizeof program) ::_exit(1);
  ::close(output);
  const int status = guard_until_end(program, peer_alive);
  tidy();
  ::_exit(status);
}

}  // namespace

GuardedProcess::GuardedProcess(const std::vector<std::string>& command, int output, const std::function<void()>& tidy) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  Pipe lifeline;
  Pipe told;
  guard_ = ::fork();
  if (guard_ == 0) be_guard(arguments, output, tidy, lifeline, told);
  if (guard_ < 0) throw_errno("fork");
  lifeline_ = std::move(lifeline.in);
  static_cast<void>(told.in.close());
  if (::read(told.out.get(), &program_, sizeof program_) != sizeof program_) throw_errno("start " + command.front());
}

GuardedProcess::~GuardedProcess() {
  if (guard_ < 0) return;
  static_cast<void>(lifeline_.close());
  ::waitpid(guard_, nullptr, 0);
}

int GuardedProcess::wait() {
  int status = 0;
  ::waitpid(guard_, &status, 0);
  guard_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace bench
