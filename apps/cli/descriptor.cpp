#include "cli/descriptor.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace arraywire::cli {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

int Descriptor::close() noexcept {
  const int fd = std::exchange(fd_, -1);
  // After EINTR the descriptor is gone on Linux, and nothing was lost.
  return fd < 0 || ::close(fd) == 0 || errno == EINTR ? 0 : errno;
}

std::string errno_text(int error) { return std::generic_category().message(error); }

void enlarge_pipe(int fd) noexcept {
  constexpr int kMost = 16 << 20;
  for (int bytes = kMost; bytes > 64 << 10; bytes /= 4) {
    if (fcntl(fd, F_SETPIPE_SZ, bytes) >= 0 || errno == EBADF) return;
  }
}

void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace arraywire::cli
