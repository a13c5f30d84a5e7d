#include "roudi.hpp"

#include "measurement.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace bench {

namespace {

constexpr char kProgram[] = "/usr/bin/iox-roudi";
constexpr std::string_view kReady = "ready for clients";
// The headers of iceoryx and of its clients, with the padding that aligns the payload.
constexpr std::size_t kHeaderBytes = 512;
constexpr std::size_t kChunkAlignment = 8;

std::string write_config(const std::filesystem::path& directory, std::span<const ChunkPool> pools) {
  const auto path = directory / "roudi.toml";
  std::ofstream file(path);
  file << "[general]\nversion = 1\n\n[[segment]]\n";
  for (const ChunkPool& pool : pools) {
    const std::size_t bytes = (pool.chunk_bytes + kHeaderBytes) / kChunkAlignment * kChunkAlignment;
    file << "\n[[segment.mempool]]\nsize = " << bytes << "\ncount = " << pool.chunks << '\n';
  }
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path.string());
  return path.string();
}

[[noreturn]] void become_roudi(const char* config, int output, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(126);
  ::setpgid(0, 0);  // what the terminal signals to the group is not for it
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execl(kProgram, kProgram, "--config-file", config, "--monitoring-mode", "off", "--kill-delay", "1", "--log-level", "fatal",
          nullptr);
  ::_exit(127);
}

// Its output is read up to the line that says that it is ready; the end is left open for the little that may follow.
void wait_until_ready(int output) {
  std::string text;
  std::array<char, 512> piece{};
  while (text.find(kReady) == std::string::npos) {
    const ssize_t got = ::read(output, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw std::runtime_error("iox-roudi does not start: does another one run? It said: " + text);
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

pid_t start_roudi(const std::filesystem::path& directory, std::span<const ChunkPool> pools) {
  if (::access(kProgram, X_OK) != 0) throw Absent(std::string("no ") + kProgram + " (iceoryx)");
  const std::string config = write_config(directory, pools);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "make a pipe");
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become_roudi(config.c_str(), pipe[1], parent);
  const int fork_error = errno;
  ::close(pipe[1]);
  if (pid < 0) throw std::system_error(fork_error, std::generic_category(), "fork");
  wait_until_ready(pipe[0]);
  return pid;
}

}  // namespace bench
