// A fuzzer's input, read as choices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace arraywire::fuzz {

// Reads zeros past its end.
class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const std::uint8_t value = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return value;
  }
  std::vector<std::uint64_t> numbers() {
    std::vector<std::uint64_t> all(byte() % 5U);
    for (std::uint64_t& number : all) number = byte();
    return all;
  }
  std::vector<std::byte> raw() {
    std::vector<std::byte> all(byte());
    for (std::byte& b : all) b = std::byte{byte()};
    return all;
  }
  // A copy with up to 7 bytes changed, or cut short.
  std::vector<std::byte> change(std::span<const std::byte> bytes) {
    std::vector<std::byte> all(bytes.begin(), bytes.end());
    const std::uint8_t how = byte();
    for (unsigned i = how % 8U; i > 0 && !all.empty(); --i) {
      const std::size_t at = (byte() * std::size_t{256} + byte()) % all.size();
      all[at] = std::byte{byte()};
    }
    if (how >= 248) all.resize(all.size() * byte() / 256);
    return all;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace arraywire::fuzz
