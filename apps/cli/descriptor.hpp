// File descriptors that close themselves.
#pragma once

#include <string>
#include <utility>

namespace arraywire::cli {

class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  // For files that were written: reports what close() says, ENOSPC among it. 0, or an errno.
  int close() noexcept;

 private:
  int fd_ = -1;
};

std::string errno_text(int error);

// A pipe of the default 64 KiB needs 760 wake-ups per 4K frame. Best effort: does nothing for files and sockets.
void enlarge_pipe(int fd) noexcept;

// libzmq aborts on some descriptor shortages, so take what the system allows.
void raise_descriptor_limit() noexcept;

}  // namespace arraywire::cli
