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
#include <cstdlib>
#include <fstream>
#include <optional>
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

// What iceoryx has left in the machine's own /tmp of our processes that were killed.
void remove_remains() {
  for (const auto& entry : std::filesystem::directory_iterator("/tmp")) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kRoudiClient)) continue;
    const pid_t process = std::atoi(name.c_str() + kRoudiClient.size());
    std::error_code gone_meanwhile;
    if (::kill(process, 0) != 0 && errno == ESRCH) std::filesystem::remove(entry.path(), gone_meanwhile);
  }
}

// `output` is the writing end of a pipe. RouDi dies with this thread. Then it may leave files, which the next one removes; but it
// would not always heed SIGTERM: it waits for locks in shared memory, even those of processes that were killed.
pid_t spawn(const std::filesystem::path& configuration, int output) {
  // No monitoring: who loses a peer here notices by itself, and a busy machine must not make RouDi take a slow peer for dead.
  const std::array<const char*, 8> command{kProgram, "-c", configuration.c_str(), "-m", "off", "-l", "fatal", nullptr};
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw_errno("fork");
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);  // it died before the line above
  ::signal(SIGTERM, SIG_DFL);
  ::setpgid(0, 0);  // what the terminal signals to the group is not for it
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execvp(kProgram, const_cast<char* const*>(command.data()));
  ::_exit(127);
}

// When it ends before it is ready: what it said.
std::optional<std::string> wait_until_ready(int output) {
  std::string said;
  std::array<char, 256> piece{};
  while (said.find(kReady) == std::string::npos) {
    const ssize_t got = ::read(output, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return said;
    said.append(piece.data(), static_cast<std::size_t>(got));
  }
  return std::nullopt;
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

[[noreturn]] void throw_absent(pid_t roudi, const std::string& said) {
  int status = 0;
  ::waitpid(roudi, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) throw Absent("there is no iox-roudi (iceoryx)");
  throw Absent("iox-roudi does not start, perhaps because another one runs: " + said);
}

pid_t start_roudi(const std::filesystem::path& directory, std::size_t frame_bytes) {
  const std::filesystem::path configuration = directory / "roudi.toml";
  write_configuration(configuration, frame_bytes);
  const bool is_private = enter_private_directories(directory);
  if (!is_private) remove_remains();
  std::array<int, 2> output{};  // its reading end stays open as long as we live: RouDi may say more
  if (::pipe2(output.data(), O_CLOEXEC) != 0) throw_errno("make a pipe");
  const pid_t roudi = spawn(configuration, output[1]);
  ::close(output[1]);
  if (const auto said = wait_until_ready(output[0])) throw_absent(roudi, *said);
  static const RunningRoudi running(roudi, is_private ? SIGKILL : SIGTERM);  // where others see its files, it removes them
  return roudi;
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
