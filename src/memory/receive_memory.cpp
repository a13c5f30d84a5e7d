#include "memory/receive_memory.hpp"

#include <malloc.h>

#include <limits>

namespace arraywire::memory {

void keep_freed_memory() noexcept {
  ::mallopt(M_MMAP_MAX, 0);                                      // everything from the heap ...
  ::mallopt(M_ARENA_MAX, 1);                                     // ... the one that sbrk grows, for all threads
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());  // whose end is not given back
  ::mallopt(M_TOP_PAD, 64 << 20);                                // and which grows in steps that are worth it
}

}  // namespace arraywire::memory
