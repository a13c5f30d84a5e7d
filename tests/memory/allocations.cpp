#include "memory/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> count{0};
std::atomic<std::size_t> fail_at{0};  // a value of count

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (++count == fail_at) throw std::bad_alloc();
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded)) return memory;
  throw std::bad_alloc();
}
}  // namespace

namespace arraywire::testing {
std::size_t allocations() noexcept { return count; }
void fail_allocation(std::size_t nth) noexcept { fail_at = nth == 0 ? 0 : count + nth; }
bool allocation_failed() noexcept { return fail_at != 0 && count >= fail_at; }
}  // namespace arraywire::testing

// The array and nothrow forms call these.
void* operator new(std::size_t bytes) { return allocate(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t bytes, std::align_val_t alignment) { return allocate(bytes, static_cast<std::size_t>(alignment)); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
