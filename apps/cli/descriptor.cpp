#include "cli/descriptor.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <cerrno>
#include <system_error>

namespace arraywire::cli {

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
