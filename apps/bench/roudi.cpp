#include "roudi.hpp"

#include "link.hpp"
#include "measurement.hpp"
#include "private_directories.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace bench {

namespace {

constexpr char kProgram[] = "iox-roudi";
constexpr std::string_view kReady = "RouDi is ready for clients";
constexpr std::size_t kSmallFrameBytes = 1024;  // for answers
// RouDi writes zeros to all of its memory at its start, so that what is spared here is time and memory. Beside those in turn, a
// publisher keeps the frame that it sent last, and one is spare for the moment in which a reader swaps its old one for the next.
constexpr std::size_t kChunks = kBuffers + 2;
constexpr std::size_t kSmallChunks = 256;
// Of the layers above iceoryx (Cyclone DDS), which is taken from what is meant for the frame.
constexpr std::size_t kHeaderBytes = 128;

[[noreturn]] void throw_errno(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

// The format: iceoryx, "RouDi's configuration"; sizes in increasing order.
void write_configuration(const std::filesystem::path& path, std::size_t frame_bytes) {
  std::ofstream file(path);
  file << "[general]\nversion = 1\n[[segment]]\n";
  const auto pool = [&](std::size_t bytes, std::size_t count) {
    file << "[[segment.mempool]]\nsize = " << bytes << "\ncount = " << count << '\n';
  };
  pool(kSmallFrameBytes, kSmallChunks);
  if (frame_bytes + kHeaderBytes > kSmallFrameBytes) pool(frame_bytes + kHeaderBytes, kChunks);
  file.close();
  if (!file) throw_errno("write " + path.string());
}

// `output` is the writing end of a pipe. RouDi gets `at_our_death` when this thread ends.
pid_t spawn(const std::filesystem::path& configuration, int output, int at_our_death) {
  // No monitoring: who loses a peer here notices by itself, and a busy machine must not make RouDi take a slow peer for dead.
  const std::array<const char*, 8> command{kProgram, "-c", configuration.c_str(), "-m", "off", "-l", "off", nullptr};
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw_errno("fork");
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, at_our_death);
  if (::getppid() != parent) ::_exit(126);  // it died before the line above
  ::signal(SIGTERM, SIG_DFL);
  ::setpgid(0, 0);  // what the terminal signals to the group is not for it
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execvp(kProgram, const_cast<char* const*>(command.data()));
  ::_exit(127);
}

// Returns what it said when it ends before it is ready.
std::string wait_until_ready(int output) {
  std::string said;
  std::array<char, 256> piece{};
  while (said.find(kReady) == std::string::npos) {
    const ssize_t got = ::read(output, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return said;
    said.append(piece.data(), static_cast<std::size_t>(got));
  }
  return {};
}

// Ends RouDi when this process leaves, after iceoryx's own static runtime has taken its leave of RouDi: what is constructed first
// is destroyed last.
class RunningRoudi {
 public:
  RunningRoudi(pid_t pid, int end_signal) : pid_(pid), end_signal_(end_signal) {}
  ~RunningRoudi() {
    ::kill(pid_, end_signal_);
    ::waitpid(pid_, nullptr, 0);
  }
  RunningRoudi(const RunningRoudi&) = delete;
  RunningRoudi& operator=(const RunningRoudi&) = delete;

 private:
  const pid_t pid_;
  const int end_signal_;
};

pid_t start_roudi(const std::filesystem::path& directory, std::size_t frame_bytes) {
  const std::filesystem::path configuration = directory / "roudi.toml";
  write_configuration(configuration, frame_bytes);
  const bool is_private = enter_private_directories(directory);
  std::array<int, 2> output{};  // its reading end stays open as long as we live: RouDi may say more
  if (::pipe2(output.data(), O_CLOEXEC) != 0) throw_errno("make a pipe");
  const int end_signal = is_private ? SIGKILL : SIGTERM;  // where others see its files, it gets the time to remove them
  const pid_t pid = spawn(configuration, output[1], end_signal);
  ::close(output[1]);
  const std::string said = wait_until_ready(output[0]);
  if (said.empty()) {
    static const RunningRoudi running(pid, end_signal);
    return pid;
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) throw Absent("there is no iox-roudi (package iceoryx)");
  throw Absent("RouDi did not start (does another one run?): " + said);
}

}  // namespace

pid_t join_roudi(const std::filesystem::path& directory, std::size_t frame_bytes) {
  const std::filesystem::path note = directory / "roudi.pid";
  pid_t roudi = 0;
  if (std::ifstream(note) >> roudi) {
    join_private_directories(roudi);
  } else {
    roudi = start_roudi(directory, frame_bytes);
    std::ofstream(note) << roudi;
  }
  return roudi;
}

}  // namespace bench
