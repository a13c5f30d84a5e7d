#include "wire/text.hpp"

#include <algorithm>

namespace arraywire::wire {
namespace {

bool between(char c, unsigned char low, unsigned char high) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= low && byte <= high;
}

// Bytes of the character that `rest` begins with; 0 = not text. The ranges are those of Unicode's table 3-7, "Well-Formed UTF-8
// Byte Sequences": no overlong forms, no surrogates, nothing above U+10FFFF.
std::size_t character_bytes(std::string_view rest) noexcept {
  const auto lead = static_cast<unsigned char>(rest[0]);
  if (lead < 0x80) return lead == 0 ? 0 : 1;
  const std::size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (length == 0 || rest.size() < length) return 0;
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (!between(rest[1], low, high)) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!between(rest[i], 0x80, 0xBF)) return 0;
  }
  return length;
}

}  // namespace

bool is_text(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const std::size_t length = character_bytes(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string_view as_text(std::string_view bytes, std::size_t limit, std::string& scratch) {
  if (bytes.size() <= limit && is_text(bytes)) return bytes;
  scratch.clear();
  while (!bytes.empty()) {
    const std::size_t length = character_bytes(bytes);
    const std::size_t taken = std::max<std::size_t>(length, 1);
    if (scratch.size() + taken > limit) break;
    if (length == 0) {
      scratch += '?';
    } else {
      scratch += bytes.substr(0, length);
    }
    bytes.remove_prefix(taken);
  }
  return scratch;
}

}  // namespace arraywire::wire
