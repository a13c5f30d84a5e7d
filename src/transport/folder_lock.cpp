#include "transport/folder_lock.hpp"

#include "arraywire/error.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <limits>
#include <string>

namespace arraywire::transport {
namespace {

struct flock whole_file(short type) noexcept {
  struct flock lock {};  // l_pid must be 0 for OFD locks
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

constexpr int kOpenFlags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;  // NONBLOCK: a FIFO in its place must not hang us

}  // namespace

// Concurrency: the constructor writes file_, then starts the thread; the thread writes step_ and error_, then outcome_ (release);
// the constructor reads them after outcome_ (acquire). let_go_ goes the other way. Atomics, and no condition variable: those
// cannot be destroyed in a forked child while a thread that is not there waits on them.
struct FolderLock::Keeper {
  enum Outcome : int { Starting, Held, InUse, Failed };
  std::filesystem::path file{};
  const char* step = "";
  int error = 0;
  std::atomic<int> outcome = Starting;
  std::atomic<int> let_go = 0;

  Outcome fail(const char* what) noexcept {
    step = what;
    error = errno;
    return Failed;
  }
  Outcome take(memory::Descriptor& lock) noexcept {
    // From 0: a copy of the standard streams would keep somebody's pipe open.
    if (::close_range(0, std::numeric_limits<unsigned>::max(), CLOSE_RANGE_UNSHARE) != 0) return fail("close_range");
    lock = memory::Descriptor(::open(file.c_str(), O_RDWR | O_CREAT | kOpenFlags, 0600));
    if (!lock) return fail("open");
    struct stat status {};
    if (::fstat(lock.get(), &status) != 0) return fail("fstat");
    if (!S_ISREG(status.st_mode)) {
      errno = EINVAL;
      return fail("is not a regular file");
    }
    if (status.st_uid == ::geteuid() && ::fchmod(lock.get(), 0600) != 0) return fail("fchmod");  // whatever the umask is
    struct flock wanted = whole_file(F_WRLCK);
    if (::fcntl(lock.get(), F_OFD_SETLK, &wanted) == 0) return Held;
    return errno == EAGAIN || errno == EACCES ? InUse : fail("fcntl F_OFD_SETLK");
  }
};

void* FolderLock::keep(void* argument) noexcept {
  auto& keeper = *static_cast<Keeper*>(argument);
  memory::Descriptor lock;
  const Keeper::Outcome outcome = keeper.take(lock);
  keeper.outcome.store(outcome, std::memory_order_release);
  keeper.outcome.notify_one();
  if (outcome == Keeper::Held) keeper.let_go.wait(0, std::memory_order_acquire);
  return nullptr;
}

FolderLock::FolderLock(const std::filesystem::path& file) : keeper_(std::make_unique<Keeper>()), owner_(::getpid()) {
  keeper_->file = file;
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // the thread inherits it
  const int error = ::pthread_create(&thread_, nullptr, &FolderLock::keep, keeper_.get());
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) throw Error(ErrorCode::System, file.string() + ": a thread to hold the lock: " + std::strerror(error));
  keeper_->outcome.wait(Keeper::Starting, std::memory_order_acquire);
  const int outcome = keeper_->outcome.load(std::memory_order_acquire);
  if (outcome == Keeper::Held) return;
  ::pthread_join(thread_, nullptr);
  if (outcome == Keeper::InUse) throw Error(ErrorCode::InUse, file.string() + ": is locked");
  const int reason = keeper_->error;
  const bool refused = reason == EACCES || reason == EPERM || reason == EROFS || reason == ELOOP;
  throw Error(refused ? ErrorCode::NotPermitted : ErrorCode::System,
              file.string() + ": " + keeper_->step + ": " + std::strerror(reason));
}

FolderLock::~FolderLock() {
  if (!held()) return;
  keeper_->let_go.store(1, std::memory_order_release);
  keeper_->let_go.notify_one();
  ::pthread_join(thread_, nullptr);
}

bool FolderLock::held() const noexcept { return owner_ == ::getpid(); }

memory::Descriptor open_if_locked(const std::filesystem::path& file) noexcept {
  memory::Descriptor lock(::open(file.c_str(), O_RDONLY | kOpenFlags));
  struct stat status {};
  if (!lock || ::fstat(lock.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  struct flock asked = whole_file(F_RDLCK);  // only a write lock, a publisher's, stands against it
  if (::fcntl(lock.get(), F_OFD_GETLK, &asked) != 0 || asked.l_type == F_UNLCK) return {};
  return lock;
}

}  // namespace arraywire::transport
