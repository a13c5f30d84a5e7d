// One file descriptor, closed when its owner goes. The programs use it too: header-only, nothing of the library behind it.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace arraywire::memory {

class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }  // gives it to the caller, who must close it
  // For files that were written: reports what close() says, ENOSPC among it. 0, or an errno.
  int close() noexcept {
    const int fd = release();
    // After EINTR the descriptor is gone on Linux, and nothing was lost.
    return fd < 0 || ::close(fd) == 0 || errno == EINTR ? 0 : errno;
  }

 private:
  int fd_ = -1;
};

}  // namespace arraywire::memory
