#include "core/ids.hpp"

#include "arraywire/error.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>

namespace arraywire {

Id random_id() {
  Id id;
  while (!id) {  // all zero means "no identity": one chance in 2^128, but a loop costs nothing
    // Up to 256 bytes come whole or not at all; a signal can only interrupt the wait for the entropy pool at boot.
    if (getrandom(&id, sizeof id, 0) == static_cast<ssize_t>(sizeof id)) continue;
    if (errno == EINTR) continue;
    throw Error(ErrorCode::System, "random_id: getrandom: " + std::generic_category().message(errno));
  }
  return id;
}

std::string to_string(Id id) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(32, '0');
  for (std::size_t i = 0; i < 16; ++i) {
    text[15 - i] = kDigits[(id.high >> (4 * i)) & 15U];
    text[31 - i] = kDigits[(id.low >> (4 * i)) & 15U];
  }
  return text;
}

}  // namespace arraywire
