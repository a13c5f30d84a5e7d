#include "wire/checksum.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include <xxhash.h>

namespace arraywire::wire {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
std::uint64_t checksum(std::vector<std::span<const std::byte>> frames) { return payload_checksum(frames); }

TEST(PayloadChecksum, IsXxh3WithTheValuesOfItsSpecification) {
  // XXH3_64bits of nothing and of one zero byte, seed 0, from xxHash's own sanity checks.
  EXPECT_EQ(checksum({}), 0x2D06800538D394C2U);
  EXPECT_EQ(checksum({bytes_of(std::string_view("\0", 1))}), 0xC44BDFF4074EECDBU);
}

TEST(PayloadChecksum, DependsOnTheBytesAndNotOnTheFramesTheyAreIn) {
  std::string text(100'000, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31);
  const std::string_view whole = text;
  const auto expected = static_cast<std::uint64_t>(XXH3_64bits(whole.data(), whole.size()));
  EXPECT_EQ(checksum({bytes_of(whole)}), expected);
  for (const std::size_t cut : {0U, 1U, 63U, 64U, 1000U, 99'999U, 100'000U}) {
    EXPECT_EQ(checksum({bytes_of(whole.substr(0, cut)), bytes_of(whole.substr(cut))}), expected) << cut;
  }
  text[50'000] ^= 1;
  EXPECT_NE(checksum({bytes_of(text)}), expected);
}

}  // namespace
}  // namespace arraywire::wire
