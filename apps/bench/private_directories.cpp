#include "private_directories.hpp"

#include "memory/descriptor.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>
#include <system_error>

namespace bench {

namespace {

using arraywire::memory::Descriptor;

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

Descriptor open_to_refer_to(const std::filesystem::path& path, int flags) {
  Descriptor opened(::open(path.c_str(), flags | O_CLOEXEC));
  if (!opened) throw_errno("open " + path.string());
  return opened;
}

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

bool enter(const std::filesystem::path& kept) {
  if (!unshare_mounts()) return false;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) throw_errno("make mounts private");
  // Opened in this namespace, so that it can be mounted in it.
  const Descriptor as_before = open_to_refer_to(kept, O_PATH | O_DIRECTORY);
  mount_memory("/dev/shm");
  mount_memory("/tmp");
  std::filesystem::create_directories(kept);
  const std::string source = "/proc/self/fd/" + std::to_string(as_before.get());
  if (::mount(source.c_str(), kept.c_str(), nullptr, MS_BIND, nullptr) != 0) throw_errno("keep " + kept.string());
  return true;
}

// Tried by a child: namespaces may be given and mounts in them refused (AppArmor, as Ubuntu has it), and then there is no way
// back.
bool may_enter(const std::filesystem::path& kept) {
  const pid_t child = ::fork();
  if (child < 0) throw_errno("fork");
  if (child == 0) {
    try {
      ::_exit(enter(kept) ? EXIT_SUCCESS : EXIT_FAILURE);
    } catch (const std::exception&) {
      ::_exit(EXIT_FAILURE);
    }
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status == 0;
}

}  // namespace

bool enter_private_directories(const std::filesystem::path& kept) { return may_enter(kept) && enter(kept); }

void join_private_directories(pid_t process) {
  if (is_ours(process, "mnt")) return;
  const Descriptor mounts = open_to_refer_to(namespace_of(std::to_string(process), "mnt"), O_RDONLY);
  if (!is_ours(process, "user")) {
    const Descriptor users = open_to_refer_to(namespace_of(std::to_string(process), "user"), O_RDONLY);
    if (::setns(users.get(), CLONE_NEWUSER) != 0) throw_errno("join a user namespace");
  }
  if (::unshare(CLONE_FS) != 0) throw_errno("have directories of this thread's own");  // a sanitizer may have a thread, too
  if (::setns(mounts.get(), CLONE_NEWNS) != 0) throw_errno("join a mount namespace");
}

}  // namespace bench
