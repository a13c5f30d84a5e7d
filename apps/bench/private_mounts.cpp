#include "private_mounts.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace bench {

namespace {

constexpr char kOwnNamespace[] = "/proc/self/ns/mnt";

[[noreturn]] void throw_errno(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

class Opened {
 public:
  Opened(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (descriptor_ < 0) throw_errno("open " + path);
  }
  ~Opened() { ::close(descriptor_); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

void mount(const char* source, const char* target, const char* type, unsigned long flags, const char* options = nullptr) {
  if (::mount(source, target, type, flags, options) != 0) throw_errno(std::string("mount ") + target);
}

// The directory lies below /tmp as a rule, and has to stay where it is.
void mount_empty(const std::filesystem::path& directory) {
  const Opened kept(directory.string(), O_PATH | O_DIRECTORY);
  mount("none", "/", nullptr, MS_REC | MS_PRIVATE);
  mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  std::filesystem::create_directories(directory);
  mount(("/proc/self/fd/" + std::to_string(kept.get())).c_str(), directory.c_str(), nullptr, MS_BIND);
}

void join(const std::string& mounts) {
  struct stat own {};
  struct stat theirs {};
  if (::stat(kOwnNamespace, &own) != 0 || ::stat(mounts.c_str(), &theirs) != 0) throw_errno("look at " + mounts);
  if (own.st_ino == theirs.st_ino) return;
  const Opened target(mounts, O_RDONLY);
  if (::setns(target.get(), CLONE_NEWNS) != 0) throw_errno("enter " + mounts);
}

}  // namespace

void enter_private_mounts(const std::filesystem::path& directory) {
  const auto path = directory / "mounts";
  std::string mounts;
  if (std::getline(std::ifstream(path), mounts)) {
    if (!mounts.empty()) join(mounts);
    return;
  }
  if (::unshare(CLONE_NEWNS) == 0) {
    mount_empty(directory);
    mounts = "/proc/" + std::to_string(::getpid()) + "/ns/mnt";
  } else if (errno != EPERM) {
    throw_errno("have mounts of its own");
  }
  std::ofstream(path) << mounts << '\n';
}

}  // namespace bench
