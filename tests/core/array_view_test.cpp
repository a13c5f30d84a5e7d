#include "arraywire/array_view.hpp"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <type_traits>
#include <vector>

namespace arraywire {
namespace {

static_assert(std::is_trivially_copyable_v<Extents>);
static_assert(std::is_trivially_copyable_v<ArraySpec>);
static_assert(std::is_convertible_v<ArrayView, ConstArrayView>);
static_assert(!std::is_convertible_v<ConstArrayView, ArrayView>);

TEST(Extents, HoldUpTo16AndThrowForMore) {
  const std::vector<std::int64_t> sixteen(16, 2);
  EXPECT_EQ(Extents(std::span<const std::int64_t>(sixteen)).size(), 16U);
  const std::vector<std::int64_t> seventeen(17, 2);
  EXPECT_THROW(Extents(std::span<const std::int64_t>(seventeen)), Error);
}

TEST(Extents, AreEqualWhenTheyHaveTheSameValues) {
  Extents a{1, 2, 3};
  EXPECT_EQ(a, (Extents{1, 2, 3}));
  EXPECT_FALSE((a == Extents{1, 2}));
  EXPECT_FALSE((Extents{} == Extents{0}));
  a[2] = 4;
  EXPECT_EQ(a, (Extents{1, 2, 4}));
}

TEST(ArraySpec, PrintsAsOneWouldWriteIt) {
  EXPECT_EQ(to_string(ArraySpec{DType::UInt16, {2160, 3840, 3}, {}}), "uint16 2160x3840x3");
  EXPECT_EQ(to_string(ArraySpec{DType::Float32, {4, 4}, {64, 4}}), "float32 4x4 strides 64,4");
  EXPECT_EQ(to_string(ArraySpec{DType::Float32, {}, {}}), "float32 0-d");
}

TEST(ArraySpec, IsContiguousInCOrderWithoutGapsOnly) {
  EXPECT_TRUE(is_contiguous({DType::UInt16, {3, 5}, {}}));
  EXPECT_TRUE(is_contiguous({DType::UInt16, {3, 5}, {10, 2}}));
  EXPECT_TRUE(is_contiguous({DType::UInt16, {1, 5}, {4000, 2}}));
  EXPECT_TRUE(is_contiguous({DType::UInt16, {0, 5}, {64, 2}}));
  EXPECT_TRUE(is_contiguous({DType::UInt16, {}, {}}));
  EXPECT_FALSE(is_contiguous({DType::UInt16, {3, 5}, {16, 2}}));
  EXPECT_FALSE(is_contiguous({DType::UInt16, {3, 5}, {2, 6}}));
}

TEST(ArraySpec, HasStridesInBytesAndInElements) {
  EXPECT_EQ(byte_strides({DType::UInt16, {4, 3, 5}, {}}), (Extents{30, 10, 2}));
  EXPECT_EQ(byte_strides({DType::UInt16, {3, 5}, {16, 2}}), (Extents{16, 2}));
  EXPECT_EQ(byte_strides({DType::UInt16, {}, {}}), Extents{});
  EXPECT_EQ(byte_strides({DType::UInt16, {1LL << 62, 1LL << 62, 0}, {}})[2], 2) << "of no elements, but no overflow";
  EXPECT_EQ(element_strides({DType::Complex64, {4, 3}, {}}), (Extents{3, 1}));
  EXPECT_EQ(element_strides({DType::Complex64, {4, 3}, {32, 8}}), (Extents{4, 1}));
  EXPECT_THROW(static_cast<void>(element_strides({DType::Complex64, {4, 3}, {28, 8}})), Error);
}

TEST(ArrayView, UsesTheFirstBytesThatItsSpecNeeds) {
  std::array<std::byte, 100> memory{};
  const ArrayView view({DType::UInt16, {3, 5}, {16, 2}}, memory);
  EXPECT_EQ(view.bytes().data(), memory.data());
  EXPECT_EQ(view.bytes().size(), 2U * 16U + 10U);
  EXPECT_EQ(view.dtype(), DType::UInt16);
  EXPECT_EQ(view.shape(), (Extents{3, 5}));
  EXPECT_FALSE(view.contiguous());
}

TEST(ArrayView, ThrowsWhenTheBytesAreTooFew) {
  std::array<std::byte, 7> memory{};
  try {
    const ArrayView view({DType::UInt16, {4}, {}}, memory);
    FAIL() << "a view past the end of its memory";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "array uint16 4 needs 8 bytes, but has 7");
  }
}

TEST(ArrayView, ThrowsForAnInvalidSpec) {
  std::array<std::byte, 64> memory{};
  EXPECT_THROW(ArrayView({DType::UInt16, {-1}, {}}, memory), Error);
}

TEST(ArrayView, GivesElementsOfItsOwnDTypeOnly) {
  std::vector<std::uint16_t> memory(6);
  std::iota(memory.begin(), memory.end(), std::uint16_t{0});
  const auto view = view_of(std::span(memory), {2, 3});
  EXPECT_EQ(view.data<std::uint16_t>(), memory.data());
  EXPECT_EQ(view.values<std::uint16_t>()[5], 5);
  try {
    static_cast<void>(view.data<float>());
    FAIL() << "uint16 was read as float32";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "array uint16 2x3 holds uint16, not float32");
  }
}

TEST(ArrayView, DoesNotCallStridedElementsASpan) {
  std::array<std::byte, 100> memory{};
  const ArrayView view({DType::UInt8, {3, 5}, {16, 1}}, memory);
  EXPECT_THROW(static_cast<void>(view.values<std::uint8_t>()), Error);
  EXPECT_NO_THROW(static_cast<void>(view.data<std::uint8_t>()));
}

TEST(ArrayView, OfConstElementsIsReadOnly) {
  const std::vector<float> memory(4);
  const auto view = view_of(std::span(memory), {2, 2});
  static_assert(std::is_same_v<decltype(view), const ConstArrayView>);
  static_assert(std::is_same_v<decltype(view.data<float>()), const float*>);
  EXPECT_EQ(view.data<float>(), memory.data());
}

TEST(ArrayView, OfElementsMustBeAsManyAsItsShapeSays) {
  std::vector<float> memory(5);
  EXPECT_THROW(view_of(std::span(memory), {2, 3}), Error);
  EXPECT_THROW(view_of(std::span(memory), {2, 2}), Error);
}

}  // namespace
}  // namespace arraywire
