#include "memory/slot.hpp"

#include "memory/pool.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>

namespace arraywire::memory {
namespace {

constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();

// Callers see to it that it cannot overflow.
constexpr std::size_t round_up(std::size_t bytes, std::size_t step) noexcept { return (bytes + (step - 1)) / step * step; }

}  // namespace

std::size_t place(std::span<const ArraySpec> specs, std::vector<Placement>& layout) {
  if (specs.empty()) throw Error(ErrorCode::InvalidArgument, "a message needs at least one array");
  if (specs.size() > kMaxArrays) {
    throw Error(ErrorCode::InvalidArgument, "a message of " + std::to_string(specs.size()) + " arrays: at most " +
                                                std::to_string(kMaxArrays) + " are allowed");
  }
  layout.clear();
  std::size_t end = 0;
  for (const ArraySpec& spec : specs) {
    const std::size_t offset = round_up(end, kArrayAlignmentBytes);
    const std::size_t bytes = checked_extent_bytes(spec);
    // 62 bits leave room for rounding up to pages, and no machine has them.
    if (bytes > (kMost >> 2) - std::min(offset, kMost >> 2)) {
      throw Error(ErrorCode::InvalidArgument,
                  "a message of " + std::to_string(specs.size()) + " arrays: its bytes leave 62 bits");
    }
    layout.push_back({.spec = spec, .offset_bytes = offset, .capacity_bytes = bytes});
    end = offset + bytes;
  }
  return end;
}

std::size_t slot_bytes(std::size_t bytes) noexcept {
  if (bytes > kMost >> 1) return kMost;
  const std::size_t step = std::max(page_bytes(), std::bit_floor(bytes) / 64);
  return round_up(std::max(bytes, std::size_t{1}), step);
}

Slot::Slot(std::uint64_t id, Memfd memfd)
    : file_(std::make_shared<const SlotFile>(
          SlotFile{.id = id, .bytes = memfd.mapping.bytes().size(), .descriptor = std::move(memfd.descriptor)})),
      mapping_(std::move(memfd.mapping)) {}

// Once the pool has it back, another thread may take or destroy it: nothing of it is touched afterwards. The pool itself dies
// at the end of this function, with no lock held, if this was its last slot and its publisher is gone.
void Slot::unreferenced() noexcept {
  const std::shared_ptr<Pool> pool = std::move(pool_);
  pool->put_back(*this);
}

}  // namespace arraywire::memory
