#include "memory_pieces.hpp"

#include "memory/limits.hpp"
#include "processors.hpp"

#include <sys/mman.h>
#include <unistd.h>
#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace bench {

namespace {

constexpr std::size_t kMost = std::size_t{2} << 30;
constexpr std::size_t kFew = std::size_t{32} << 20;
constexpr int kMostTimes = 4;
constexpr std::size_t kWhole = std::size_t{2} << 20;  // a piece of so many bytes is none

// Source: Documentation/filesystems/proc.rst of the kernel, "buddyinfo": after the zone's name how many pieces there are of one
// page, of two, of four and so on.
std::size_t bytes_in_pieces() {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::ifstream file("/proc/buddyinfo");
  std::size_t all = 0;
  for (std::string line; std::getline(file, line);) {
    const std::size_t zone = line.find("zone");
    if (zone == std::string::npos) continue;
    std::istringstream counts(line.substr(zone));
    std::string word;
    counts >> word >> word;
    std::size_t count = 0;
    for (std::size_t bytes = page; bytes < kWhole && counts >> count; bytes *= 2) all += count * bytes;
  }
  return all;
}

}  // namespace

MemoryPieces::~MemoryPieces() {
  for (const auto& memory : held_) ::munmap(memory.data(), memory.size());
}

// Every core's, as each has some that its own processes freed, which are not counted: so it takes several times.
MemoryPieces::MemoryPieces() {
  for (int times = 0; times < kMostTimes; ++times) {
    const std::size_t bytes = std::min({bytes_in_pieces(), kMost - held_bytes_, arraywire::memory::available_bytes() / 4});
    if (bytes < kFew) return;
    const auto all = cores();
    const auto parts = std::max<std::size_t>(1, all.size());
    std::vector<std::jthread> threads;
    for (std::size_t part = 0; part < parts; ++part) {
      const auto memory = room(bytes / parts);
      threads.emplace_back([=] {
        if (parts > 1) keep_to(all[part], 0);
        // Before Linux 5.14 EINVAL, and they are not used up.
        static_cast<void>(::madvise(memory.data(), memory.size(), MADV_POPULATE_WRITE));
      });
    }
  }
}

std::span<std::byte> MemoryPieces::room(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return {};
  held_.emplace_back(static_cast<std::byte*>(memory), bytes);
  held_bytes_ += bytes;
  static_cast<void>(::madvise(memory, bytes, MADV_NOHUGEPAGE));  // pieces are pages
  return held_.back();
}

}  // namespace bench
