// Frame contents that tell frames apart, byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace faults {

// Every byte depends on `key` and on its place: a mixture of two frames, a hole or a shift is seen.
void fill(std::span<std::byte> bytes, std::uint64_t key) noexcept;
bool matches(std::span<const std::byte> bytes, std::uint64_t key) noexcept;

}  // namespace faults
