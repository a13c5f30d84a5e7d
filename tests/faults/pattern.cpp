#include "faults/pattern.hpp"

#include <cstring>

namespace faults {

namespace {

constexpr std::size_t kWordBytes = sizeof(std::uint64_t);

constexpr std::uint64_t word(std::uint64_t key, std::uint64_t index) noexcept {
  return (key + 1) * 0x9E3779B97F4A7C15U ^ (index + 1) * 0xC2B2AE3D27D4EB4FU;
}

}  // namespace

void fill(std::span<std::byte> bytes, std::uint64_t key) noexcept {
  const std::size_t words = bytes.size() / kWordBytes;
  for (std::size_t i = 0; i < words; ++i) {
    const std::uint64_t value = word(key, i);
    std::memcpy(bytes.data() + i * kWordBytes, &value, kWordBytes);
  }
  const std::uint64_t last = word(key, words);
  std::memcpy(bytes.data() + words * kWordBytes, &last, bytes.size() % kWordBytes);
}

bool matches(std::span<const std::byte> bytes, std::uint64_t key) noexcept {
  const std::size_t words = bytes.size() / kWordBytes;
  std::uint64_t wrong = 0;
  for (std::size_t i = 0; i < words; ++i) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + i * kWordBytes, kWordBytes);
    wrong |= value ^ word(key, i);
  }
  const std::uint64_t last = word(key, words);
  return wrong == 0 && std::memcmp(bytes.data() + words * kWordBytes, &last, bytes.size() % kWordBytes) == 0;
}

}  // namespace faults
