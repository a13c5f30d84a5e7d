#include "roudi.hpp"

#include "frame.hpp"
#include "guarded_process.hpp"
#include "link.hpp"
#include "measurement.hpp"
#include "memory/descriptor.hpp"
#include "private_directories.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/statvfs.h>
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
constexpr std::string_view kUnnamedClient = "iceoryx_rt_";  // of which Cyclone DDS makes the name
constexpr std::string_view kReady = "RouDi is ready for clients";
// RouDi writes zeros to all of its memory at its start, so that what is spared here is time and memory. Beside those in turn, a
// publisher keeps the frame that it sent last, and one is spare for the moment in which a reader swaps its old one for the next.
constexpr std::size_t kChunks = kBuffers + 2;
constexpr std::size_t kAnswerChunks = 256;
// Of the layers above iceoryx (Cyclone DDS), which is taken from what is meant for the frame.
constexpr std::size_t kHeaderBytes = 128;
constexpr std::size_t kAnswerBytes = kSmallestFrameBytes + kHeaderBytes;
// That RouDi itself needs, and iceoryx for each chunk: rather too much.
constexpr std::size_t kRoudiBytes = std::size_t{96} << 20;

[[noreturn]] void throw_errno(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

// Of those that may use the memory: iceoryx gives a process what the groups have that the user of that process has according to
// the system's tables, whatever groups it runs with.
std::string group_of_user() {
  const passwd* user = ::getpwuid(::geteuid());
  if (user == nullptr) throw Absent("iceoryx needs a name of the user, and user " + std::to_string(::geteuid()) + " has none");
  const group* named = ::getgrgid(user->pw_gid);
  if (named == nullptr)
    throw Absent("iceoryx needs a name of the user's group, and group " + std::to_string(user->pw_gid) + " has none");
  return named->gr_name;
}

// The format: iceoryx, "RouDi's configuration"; sizes in increasing order.
void write_configuration(const std::filesystem::path& path, std::size_t frame_bytes, const std::string& group) {
  std::ofstream file(path);
  file << "[general]\nversion = 1\n[[segment]]\nreader = \"" << group << "\"\nwriter = \"" << group << "\"\n";
  const auto pool = [&](std::size_t bytes, std::size_t count) {
    file << "[[segment.mempool]]\nsize = " << bytes << "\ncount = " << count << '\n';
  };
  pool(kAnswerBytes, kAnswerChunks);
  if (frame_bytes > kSmallestFrameBytes) pool(frame_bytes + kHeaderBytes, kChunks);
  file.close();
  if (!file) throw_errno("write " + path.string());
}

// RouDi would fill what there is, and be killed by SIGBUS: containers often have 64 MB.
void expect_room(std::size_t bytes) {
  struct statvfs memory {};
  if (::statvfs("/dev/shm", &memory) != 0) throw_errno("look at /dev/shm");
  const std::size_t there = memory.f_bavail * memory.f_frsize;
  if (there >= bytes) return;
  const auto megabytes = [](std::size_t amount) { return std::to_string((amount + 999'999) / 1'000'000) + " MB"; };
  throw Absent("iceoryx needs " + megabytes(bytes) + " of /dev/shm, which has room for " + megabytes(there));
}

// What iceoryx has left in /tmp of processes that were killed: sockets and locks, named after them.
void remove_remains_of_clients() {
  for (const auto& entry : std::filesystem::directory_iterator("/tmp")) {
    const std::string name = entry.path().filename().string();
    for (const std::string_view prefix : {kRoudiClient, kUnnamedClient}) {
      if (!name.starts_with(prefix)) continue;
      const pid_t process = std::atoi(name.c_str() + prefix.size());
      std::error_code gone_meanwhile;
      if (::kill(process, 0) != 0 && errno == ESRCH) std::filesystem::remove(entry.path(), gone_meanwhile);
    }
  }
}

// And what RouDi has left, if it was killed, or failed as it ended: it does when clients were killed. Then its lock is there, but
// nobody has it.
void remove_remains_of_roudi(const std::string& group) {
  constexpr char kLock[] = "/tmp/iox-unique-roudi.lock";
  const arraywire::memory::Descriptor lock(::open(kLock, O_RDWR | O_CLOEXEC));
  if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return;
  for (const std::string& path : {std::string("/dev/shm/iceoryx_mgmt"), "/dev/shm/" + group, std::string("/tmp/roudi"),
                                  std::string("/tmp/roudi.lock"), std::string(kLock)}) {
    ::unlink(path.c_str());
  }
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

pid_t start_roudi(const std::filesystem::path& directory, std::size_t frame_bytes) {
  const std::filesystem::path configuration = std::filesystem::absolute(directory / "roudi.toml");
  const std::string group = group_of_user();
  write_configuration(configuration, frame_bytes, group);
  static_cast<void>(enter_private_directories(directory));
  expect_room(kRoudiBytes + kChunks * frame_bytes);
  const auto remove_remains = [group] {
    remove_remains_of_clients();
    remove_remains_of_roudi(group);
  };
  remove_remains();
  std::array<int, 2> output{};  // its reading end stays open as long as we live: RouDi may say more
  if (::pipe2(output.data(), O_CLOEXEC) != 0) throw_errno("make a pipe");
  // No monitoring: who loses a peer here notices by itself, and a busy machine must not make RouDi take a slow peer for dead.
  // Static, so that RouDi ends when this process leaves, after iceoryx's own static runtime has taken its leave of RouDi: what is
  // constructed first is destroyed last.
  static GuardedProcess roudi({kProgram, "-c", configuration.string(), "-m", "off", "-l", "fatal"}, output[1], remove_remains);
  ::close(output[1]);
  if (const auto said = wait_until_ready(output[0])) {
    if (roudi.wait() == GuardedProcess::kNotStarted) throw Absent("there is no iox-roudi (iceoryx)");
    throw Absent("iox-roudi does not start, perhaps because another one runs: " + *said);
  }
  return roudi.pid();
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
