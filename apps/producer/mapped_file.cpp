#include "producer/mapped_file.hpp"

#include "cli/descriptor.hpp"
#include "cli/values.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace arraywire::producer {

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  // O_NONBLOCK: opening a fifo must not wait for a writer; it is refused below.
  cli::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0) throw cli::Failure(fmt::format("{}: {}", path, cli::errno_text(errno)));
  if (!S_ISREG(status.st_mode)) throw cli::Failure(path + ": not a regular file");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) throw cli::Failure(path + ": the file is empty");
  void* start = mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (start == MAP_FAILED) throw cli::Failure(fmt::format("{}: cannot be mapped: {}", path, cli::errno_text(errno)));
  madvise(start, size, MADV_SEQUENTIAL);  // read ahead generously
  posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::shared_ptr<const MappedFile>(new MappedFile(path, std::move(file), {static_cast<const std::byte*>(start), size}));
}

MappedFile::~MappedFile() { munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size()); }

void MappedFile::read(std::span<const std::byte> part, std::span<std::byte> target) const {
  const auto offset = static_cast<std::size_t>(part.data() - bytes_.data());
  std::size_t done = 0;
  while (done < part.size()) {
    const ssize_t got = pread(file_.get(), target.data() + done, part.size() - done, static_cast<off_t>(offset + done));
    if (got == 0) throw cli::Failure(path_ + ": it is shorter than it was when it was opened");
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw cli::Failure(fmt::format("{}: {}", path_, cli::errno_text(errno)));
    done += static_cast<std::size_t>(got);
  }
}

void MappedFile::will_need(std::span<const std::byte> part) const noexcept {
  static const auto page_bytes = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::size_t into_page = reinterpret_cast<std::uintptr_t>(part.data()) % page_bytes;
  madvise(const_cast<std::byte*>(part.data()) - into_page, into_page + part.size(), MADV_WILLNEED);
}

}  // namespace arraywire::producer
