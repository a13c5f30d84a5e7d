// Memory in small pieces, kept from those who are measured.
#pragma once

#include <cstddef>
#include <list>
#include <span>

namespace bench {

// The kernel gives pages that are free in small pieces before it breaks large ones. Who starts first would get the pieces, and
// memory that is read half as fast as what is whole: physical neighbours are fetched ahead, and so are their translations. So
// they are used up before anybody starts, here, where nobody reads them.
// Ownership: until destroyed. Errors: what it cannot read or have, it lets be.
class MemoryPieces {
 public:
  // Those that there are now, two gigabytes of all at most, and no more than a quarter of what this process may still have.
  MemoryPieces();
  ~MemoryPieces();
  MemoryPieces(const MemoryPieces&) = delete;
  MemoryPieces& operator=(const MemoryPieces&) = delete;

 private:
  std::span<std::byte> room(std::size_t bytes);

  std::list<std::span<std::byte>> held_{};
  std::size_t held_bytes_ = 0;
};

}  // namespace bench
