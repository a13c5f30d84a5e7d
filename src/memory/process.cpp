#include "memory/process.hpp"

#include "arraywire/error.hpp"

#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace arraywire::memory {

// Always close-on-exec. The system call itself: <sys/pidfd.h> of glibc 2.36 declares its functions as C++.
Descriptor own_process() noexcept { return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))); }

// waitid knows a pidfd from anything else, needs neither /proc nor permissions, and works across pid namespaces; whose child it
// is decides only between success and ECHILD. It takes nothing from whoever waits for that child. (pidfd_send_signal also takes
// directories of /proc, which would never be heard of again; fdinfo needs a mounted /proc.)
bool is_process(int descriptor) noexcept {
  siginfo_t info{};
  for (;;) {
    if (::waitid(P_PIDFD, static_cast<id_t>(descriptor), &info, WEXITED | WNOHANG | WNOWAIT) == 0) return true;
    if (errno != EINTR) return errno == ECHILD;
  }
}

bool has_ended(int process) noexcept {
  pollfd polled{.fd = process, .events = POLLIN, .revents = 0};
  return ::poll(&polled, 1, 0) > 0;
}

ProcessMark::ProcessMark() {
  const auto failed = [](const char* step) {
    return Error(ErrorCode::System, std::string("marking the process: ") + step + ": " + std::strerror(errno));
  };
  void* start = ::mmap(nullptr, page_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) throw failed("mmap");
  page_ = Mapping(start, page_bytes());
  if (::madvise(start, page_bytes(), MADV_WIPEONFORK) != 0) throw failed("madvise MADV_WIPEONFORK");
  page_.bytes().front() = std::byte{1};
}

}  // namespace arraywire::memory
