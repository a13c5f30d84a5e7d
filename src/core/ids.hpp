// Random 128-bit identities: epochs, sessions, hosts.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace arraywire {

struct Id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Id&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 takes its 0 for a pointer
  explicit operator bool() const noexcept { return (high | low) != 0; }  // false: no identity
};

Id random_id();             // from getrandom(2); throws Error when that fails
std::string to_string(Id);  // 32 hexadecimal digits

}  // namespace arraywire
