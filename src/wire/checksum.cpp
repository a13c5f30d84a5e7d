#include "wire/checksum.hpp"

// The state's layout, to have it on the stack: XXH3_createState would allocate for every message. Header and library are of one
// package, and the layout is frozen since 0.8.
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

namespace arraywire::wire {

std::uint64_t payload_checksum(std::span<const std::span<const std::byte>> frames) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_64bits_reset(&state);
  for (const auto frame : frames) XXH3_64bits_update(&state, frame.data(), frame.size());
  return XXH3_64bits_digest(&state);
}

}  // namespace arraywire::wire
