#include "producer/pattern.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace arraywire::producer {
namespace {

std::vector<std::byte> frame_of(const ArraySpec& spec, std::uint64_t frame) {
  std::vector<std::byte> bytes(checked_extent_bytes(spec), std::byte{0xa5});
  Pattern(spec).fill(frame, ArrayView(spec, bytes));
  return bytes;
}

TEST(Pattern, AFrameIsAFunctionOfItsNumber) {
  const ArraySpec spec{.dtype = DType::UInt16, .shape = {270, 480, 3}};
  const Pattern one(spec);
  std::vector<std::byte> bytes(checked_extent_bytes(spec));
  for (const std::uint64_t frame : {0u, 5u, 1u}) one.fill(frame, ArrayView(spec, bytes));
  EXPECT_EQ(bytes, frame_of(spec, 1));
}

TEST(Pattern, ItMoves) {
  const ArraySpec spec{.dtype = DType::UInt16, .shape = {270, 480, 3}};
  std::set<std::string> frames;
  for (std::uint64_t frame = 0; frame < 50; ++frame) {
    const std::vector<std::byte> bytes = frame_of(spec, frame);
    frames.emplace(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  EXPECT_EQ(frames.size(), 50u);
}

TEST(Pattern, SixteenBitsAreAllUsed) {
  const ArraySpec spec{.dtype = DType::UInt16, .shape = {2160, 3840, 3}};
  std::vector<std::byte> bytes = frame_of(spec, 0);
  const auto values = ArrayView(spec, bytes).values<std::uint16_t>();
  std::vector<bool> seen(65536);
  for (const std::uint16_t value : values) seen[value] = true;
  EXPECT_TRUE(seen[0]);
  EXPECT_TRUE(seen[65535]);
  EXPECT_GT(std::count(seen.begin(), seen.end(), true), 60000);
}

// Every byte is written and none outside, whatever the shape: the frame is filled over two different grounds.
TEST(Pattern, EveryShapeAndDtypeIsFilledCompletely) {
  constexpr std::size_t kGuard = 64;
  for (std::size_t i = 0; i < kDTypeCount; ++i) {
    for (const Extents& shape :
         {Extents{}, Extents{1}, Extents{100000}, Extents{16, 32}, Extents{15, 31}, Extents{33, 61, 1}, Extents{16, 32, 4},
          Extents{2000, 32, 3}, Extents{16, 3000, 2}, Extents{64, 64, 5}, Extents{2, 3, 64, 64, 3}}) {
      const ArraySpec spec{.dtype = static_cast<DType>(i), .shape = shape};
      const std::size_t size = checked_extent_bytes(spec);
      const Pattern pattern(spec);
      for (const std::uint64_t frame : {std::uint64_t{0}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
        std::vector<std::byte> dark(size + kGuard, std::byte{0x5a});
        std::vector<std::byte> light(size + kGuard, std::byte{0xa5});
        pattern.fill(frame, ArrayView(spec, dark));
        pattern.fill(frame, ArrayView(spec, light));
        EXPECT_TRUE(std::equal(dark.begin(), dark.begin() + static_cast<std::ptrdiff_t>(size), light.begin())) << to_string(spec);
        EXPECT_EQ(std::count(dark.begin() + static_cast<std::ptrdiff_t>(size), dark.end(), std::byte{0x5a}), kGuard)
            << to_string(spec);
      }
    }
  }
}

TEST(Pattern, FloatsAreHighDynamicRange) {
  const ArraySpec spec{.dtype = DType::Float32, .shape = {270, 480, 3}};
  std::vector<std::byte> bytes = frame_of(spec, 7);
  const auto values = ArrayView(spec, bytes).values<float>();
  EXPECT_EQ(*std::min_element(values.begin(), values.end()), 0.0f);
  EXPECT_EQ(*std::max_element(values.begin(), values.end()), 64.0f);
}

TEST(Pattern, HalfFloatsAreTheNumbersMeant) {
  std::uint16_t bits = 0;
  encode_element(DType::Float16, 0, reinterpret_cast<std::byte*>(&bits));
  EXPECT_EQ(bits, 0x0000);
  encode_element(DType::Float16, 0.5, reinterpret_cast<std::byte*>(&bits));
  EXPECT_EQ(bits, 0x3c00);  // 1
  encode_element(DType::Float16, 1, reinterpret_cast<std::byte*>(&bits));
  EXPECT_EQ(bits, 0x5400);  // 64
}

TEST(Pattern, SaysThatItIsBt2100Pq) {
  const ArrayInfo info = Pattern({.dtype = DType::UInt16, .shape = {270, 480, 3}}).info();
  EXPECT_EQ(info.colour, (Colour{.primaries = 9, .transfer = 16, .matrix = 0}));
  EXPECT_EQ(info.dimension_names, (std::vector<std::string>{"y", "x", "channel"}));
}

}  // namespace
}  // namespace arraywire::producer
