#include "arraywire/array_view.hpp"

#include "core/allocation_count.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <vector>

namespace arraywire {
namespace {

// The same logical array in memory of any layout. Gaps hold 0xEE.
struct Memory {
  explicit Memory(const ArraySpec& array) : spec(array), bytes(checked_extent_bytes(array), std::byte{0xEE}) {}
  ArrayView view() { return {spec, bytes}; }

  // Offset of the n-th element in C order.
  std::size_t offset(std::size_t n) const {
    if (spec.stride_bytes.empty()) return n * size_bytes(spec.dtype);
    std::size_t at = 0;
    for (std::size_t i = spec.shape.size(); i-- > 0; n /= static_cast<std::size_t>(spec.shape[i])) {
      at += n % static_cast<std::size_t>(spec.shape[i]) * static_cast<std::size_t>(spec.stride_bytes[i]);
    }
    return at;
  }
  std::vector<std::byte> element(std::size_t n) const {
    const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(offset(n));
    return {first, first + static_cast<std::ptrdiff_t>(size_bytes(spec.dtype))};
  }
  void fill() {
    for (std::size_t n = 0; n < element_count(spec); ++n) {
      for (std::size_t i = 0; i < size_bytes(spec.dtype); ++i) bytes[offset(n) + i] = static_cast<std::byte>(n * 31 + i * 7 + 1);
    }
  }

  ArraySpec spec;
  std::vector<std::byte> bytes;
};

void expect_copied(const ArraySpec& from_spec, const ArraySpec& to_spec) {
  SCOPED_TRACE(to_string(from_spec) + " -> " + to_string(to_spec));
  Memory from(from_spec);
  Memory to(to_spec);
  from.fill();
  copy_elements(from.view(), to.view());
  std::vector<bool> written(to.bytes.size());
  for (std::size_t n = 0; n < element_count(to_spec); ++n) {
    ASSERT_EQ(from.element(n), to.element(n)) << "element " << n;
    for (std::size_t i = 0; i < size_bytes(to_spec.dtype); ++i) written[to.offset(n) + i] = true;
  }
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (!written[i]) {
      ASSERT_EQ(to.bytes[i], std::byte{0xEE}) << "a gap was written to at byte " << i;
    }
  }
}

// Every layout of a 3x4x5 array against every other, for every element size.
TEST(CopyElements, KeepsEveryElementBetweenAnyTwoLayoutsAndLeavesGapsAlone) {
  for (const DType dtype : {DType::UInt8, DType::UInt16, DType::Float32, DType::Complex64, DType::Complex128}) {
    const auto s = static_cast<std::int64_t>(size_bytes(dtype));
    const std::vector<Extents> layouts{
        {},                        // C
        {20 * s, 5 * s, s},        // C, said
        {24 * s, 6 * s, s},        // padded rows
        {40 * s, 5 * s, s},        // padded planes
        {s, 3 * s, 12 * s},        // Fortran
        {5 * s, 15 * s, s},        // rows before planes
        {2 * s, 6 * s, 24 * s},    // Fortran, every other element
        {120 * s, 30 * s, 6 * s},  // one channel of six
    };
    for (const Extents& from : layouts) {
      for (const Extents& to : layouts) expect_copied({dtype, {3, 4, 5}, from}, {dtype, {3, 4, 5}, to});
    }
  }
}

TEST(CopyElements, HandlesScalarsEmptyArraysAndExtentsOfOne) {
  expect_copied({DType::Float64, {}, {}}, {DType::Float64, {}, {}});
  expect_copied({DType::Float64, {0, 3}, {}}, {DType::Float64, {0, 3}, {64, 8}});
  expect_copied({DType::Float64, {1, 1}, {}}, {DType::Float64, {1, 1}, {64, 8}});
  expect_copied({DType::UInt16, {1, 7, 1}, {0, 4, 0}}, {DType::UInt16, {1, 7, 1}, {}});
}

TEST(CopyElements, HandlesSixteenDimensions) {
  const std::vector<std::int64_t> shape(16, 2);
  std::vector<std::int64_t> fortran(16);
  for (std::size_t i = 0; i < 16; ++i) fortran[i] = std::int64_t{1} << i;
  const Extents extents{std::span<const std::int64_t>(shape)};
  expect_copied({DType::UInt8, extents, {}}, {DType::UInt8, extents, Extents(std::span<const std::int64_t>(fortran))});
}

TEST(CopyElements, AllocatesNothing) {
  Memory from({DType::UInt16, {3, 4, 5}, {2, 6, 24}});
  Memory to({DType::UInt16, {3, 4, 5}, {}});
  const ArrayView from_view = from.view();
  const ArrayView to_view = to.view();
  const auto before = testing::allocation_count();
  copy_elements(from_view, to_view);
  EXPECT_EQ(testing::allocation_count(), before);
}

TEST(CopyElements, ThrowsUnlessDTypeAndShapeAreEqual) {
  Memory a({DType::UInt8, {2, 3}, {}});
  Memory other_shape({DType::UInt8, {3, 2}, {}});
  Memory other_dtype({DType::Int8, {2, 3}, {}});
  EXPECT_THROW(copy_elements(a.view(), other_shape.view()), Error);
  EXPECT_THROW(copy_elements(a.view(), other_dtype.view()), Error);
}

}  // namespace
}  // namespace arraywire
