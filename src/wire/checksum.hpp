// XXH3 (64 bit) over a message's payload frames, one after another. Source: Yann Collet's xxHash specification.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace arraywire::wire {

std::uint64_t payload_checksum(std::span<const std::span<const std::byte>> frames);

}  // namespace arraywire::wire
