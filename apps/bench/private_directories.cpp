#include "private_directories.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>
#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

namespace bench {

namespace {

[[noreturn]] void throw_errno(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

void write_file(const char* path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (!file) throw_errno(std::string("write ") + path);
}

// In a user namespace of its own a process has every right over the mount namespace that goes with it. Its ids stay what they
// are.
void map_ids(uid_t user, gid_t group) {
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", std::to_string(user) + ' ' + std::to_string(user) + " 1");
  write_file("/proc/self/gid_map", std::to_string(group) + ' ' + std::to_string(group) + " 1");
}

bool unshare_mounts() {
  if (::unshare(CLONE_NEWNS) == 0) return true;
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  map_ids(user, group);
  return true;
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : value_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (value_ < 0) throw_errno("open " + path.string());
  }
  ~Descriptor() { ::close(value_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return value_; }

 private:
  const int value_;
};

void mount_memory(const char* directory) {
  if (::mount("tmpfs", directory, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=100%") != 0) {
    throw_errno(std::string("mount memory on ") + directory);
  }
}

std::filesystem::path namespace_of(const std::string& process, const char* kind) { return "/proc/" + process + "/ns/" + kind; }

bool is_ours(pid_t process, const char* kind) {
  return std::filesystem::read_symlink(namespace_of(std::to_string(process), kind)) ==
         std::filesystem::read_symlink(namespace_of("self", kind));
}

}  // namespace

bool enter_private_directories(const std::filesystem::path& kept) {
  if (!unshare_mounts()) return false;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) throw_errno("make mounts private");
  const Descriptor as_before(kept, O_PATH | O_DIRECTORY);  // opened in this namespace, so that it can be mounted in it
  mount_memory("/dev/shm");
  mount_memory("/tmp");
  std::filesystem::create_directories(kept);
  const std::string source = "/proc/self/fd/" + std::to_string(as_before.get());
  if (::mount(source.c_str(), kept.c_str(), nullptr, MS_BIND, nullptr) != 0) throw_errno("keep " + kept.string());
  return true;
}

void join_private_directories(pid_t process) {
  if (is_ours(process, "mnt")) return;
  const Descriptor mounts(namespace_of(std::to_string(process), "mnt"), O_RDONLY);
  if (!is_ours(process, "user")) {
    const Descriptor users(namespace_of(std::to_string(process), "user"), O_RDONLY);
    if (::setns(users.get(), CLONE_NEWUSER) != 0) throw_errno("join a user namespace");
  }
  if (::unshare(CLONE_FS) != 0) throw_errno("have directories of this thread's own");  // a sanitizer may have a thread, too
  if (::setns(mounts.get(), CLONE_NEWNS) != 0) throw_errno("join a mount namespace");
}

}  // namespace bench
