// The lock that says who serves a stream.
#pragma once

#include "memory/descriptor.hpp"

#include <pthread.h>
#include <sys/types.h>

#include <filesystem>
#include <memory>

namespace arraywire::transport {

// An open-file-description write lock (F_OFD_SETLK) on a file, from construction to destruction or the death of this process.
//
// Such a lock lives as long as any descriptor of its open file description, and fork copies descriptors: a child that never execs
// would keep a dead publisher's name. POSIX record locks are not inherited, but drop when anybody in the process closes the file,
// as discovery does. A mapping kept out of children (MADV_DONTFORK) holds the description without a descriptor, but not on
// overlayfs, the usual file system of a container. So the descriptor lives where fork cannot see it: in the descriptor table of a
// thread that has one of its own (CLOSE_RANGE_UNSHARE) and sleeps until it is let go. exec and death end that thread, and with it
// the lock.
//
// Threads: construct and destroy on any; every signal is blocked in the sleeping thread, for handlers expect the process's
// descriptors. In a forked child the object holds nothing, and destroying it does nothing.
class FolderLock {
 public:
  // Creates the file (0600) if it is missing. Throws Error: InUse; NotPermitted and System naming the file.
  explicit FolderLock(const std::filesystem::path& file);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  bool held() const noexcept;  // false in a forked child

 private:
  struct Keeper;
  static void* keep(void* keeper) noexcept;

  std::unique_ptr<Keeper> keeper_;  // shared with the thread; in a child a copy that nobody uses
  pthread_t thread_{};
  pid_t owner_ = 0;
};

// The lock file of a folder, open for reading, if it is held now by a publisher, whoever that is. Only asks (F_OFD_GETLK).
memory::Descriptor open_if_locked(const std::filesystem::path& file) noexcept;

}  // namespace arraywire::transport
