#include "memory/memfd.hpp"

#include "memory/limits.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>

namespace arraywire::memory {
namespace {

using Failure = std::optional<MemfdFailure>;

MemfdFailure failed(const char* step, int error) {
  const bool memory = error == ENOMEM || error == ENOSPC || error == EAGAIN;
  return {.kind = memory ? MemfdFailure::Kind::Memory : MemfdFailure::Kind::System, .step = step, .error = error};
}

// Beyond RLIMIT_FSIZE the kernel does not only refuse, it sends SIGXFSZ, which kills.
Failure check_file_size_limit(std::size_t bytes) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0) return failed("getrlimit RLIMIT_FSIZE", errno);
  if (limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur) return failed("RLIMIT_FSIZE", EFBIG);
  return std::nullopt;
}

// fallocate beyond a memory cgroup's limit is answered by the OOM killer, not by an error, so what is left is asked first. Others
// allocate meanwhile: hence in steps, asking again before each one whether all of the rest still fits.
Failure allocate(int fd, std::size_t bytes, AskForRoom ask) {
  std::size_t most = std::size_t{64} << 20;
  for (std::size_t done = 0; done < bytes;) {
    if (ask == AskForRoom::Yes && available_bytes() < bytes - done)
      return failed("MemAvailable and the memory cgroups above us", ENOMEM);
    const std::size_t step = std::min(most, bytes - done);
    if (::fallocate(fd, 0, static_cast<off_t>(done), static_cast<off_t>(step)) == 0) {
      done += step;
    } else if (errno != EINTR) {
      return failed("fallocate", errno);
    } else {
      most = std::max(step / 2, page_bytes());  // a signal undoes the whole step: where they come thick and fast, in smaller ones
    }
  }
  return std::nullopt;
}

// Faults every page in now, so that filling the first array is as fast as the next.
Failure populate(std::span<std::byte> bytes) {
  for (;;) {
    if (::madvise(bytes.data(), bytes.size(), MADV_POPULATE_WRITE) == 0) return std::nullopt;
    if (errno == EINVAL) break;  // before Linux 5.14
    if (errno != EAGAIN && errno != EINTR) return failed("madvise MADV_POPULATE_WRITE", errno == EFAULT ? ENOMEM : errno);
  }
  // The pages exist already: touching them cannot fail.
  for (std::size_t at = 0; at < bytes.size(); at += page_bytes()) *const_cast<volatile std::byte*>(&bytes[at]) = std::byte{0};
  return std::nullopt;
}

Result<Memfd, MemfdFailure> create(const char* name, std::size_t bytes, AskForRoom ask) {
  if (auto failure = check_file_size_limit(bytes)) return *failure;
  Memfd memfd{.descriptor = Descriptor(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)), .mapping = {}};
  const int fd = memfd.descriptor.get();
  if (fd < 0) return failed("memfd_create", errno);
  if (auto failure = allocate(fd, bytes, ask)) return *failure;
  void* start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (start == MAP_FAILED) return failed("mmap", errno);
  memfd.mapping = Mapping(start, bytes);
  if (auto failure = populate(memfd.mapping.bytes())) return *failure;
  // FUTURE_WRITE spares the mapping that is there already: ours stays the only writable one.
  if (::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0) {
    return failed("fcntl F_ADD_SEALS", errno);
  }
  return {std::move(memfd)};
}

}  // namespace

std::size_t page_bytes() noexcept {
  static const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

Mapping::~Mapping() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

Result<Memfd, MemfdFailure> create_memfd(const char* name, std::size_t bytes, AskForRoom ask) noexcept {
  try {
    return create(name, bytes, ask);
  } catch (...) {  // reading the limits allocates
    return failed("reading the memory limits", ENOMEM);
  }
}

}  // namespace arraywire::memory
