// extent_bytes is the one function that sizes from a peer go through.
#include "arraywire/array_view.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <vector>

namespace arraywire {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

std::optional<std::size_t> bytes_of(const ArraySpec& spec) {
  const auto bytes = extent_bytes(spec);
  return bytes ? std::optional(*bytes) : std::nullopt;
}
std::optional<SpecError> error_of(const ArraySpec& spec) {
  const auto bytes = extent_bytes(spec);
  return bytes ? std::nullopt : std::optional(bytes.error());
}

TEST(SizeArithmetic, ContiguousIsTheProduct) {
  EXPECT_EQ(bytes_of({DType::UInt16, {2160, 3840, 3}, {}}), 2160U * 3840U * 3U * 2U);
  EXPECT_EQ(bytes_of({DType::Complex128, {3}, {}}), 48U);
}

TEST(SizeArithmetic, ZeroDimensionsIsOneElement) { EXPECT_EQ(bytes_of({DType::Float64, {}, {}}), 8U); }

TEST(SizeArithmetic, AZeroExtentIsNoBytesWhateverTheOthersAre) {
  EXPECT_EQ(bytes_of({DType::Float64, {0}, {}}), 0U);
  EXPECT_EQ(bytes_of({DType::Float64, {kMax, kMax, 0}, {}}), 0U);
  EXPECT_EQ(bytes_of({DType::Float64, {2, 0}, {0, 0}}), 0U);
  EXPECT_EQ(element_count({DType::Float64, {kMax, kMax, 0}, {}}), 0U);
}

TEST(SizeArithmetic, PaddedRowsCountTheirGapsButNotTheLastOne) {
  EXPECT_EQ(bytes_of({DType::UInt8, {3, 10}, {16, 1}}), 2U * 16U + 10U);
}

TEST(SizeArithmetic, FortranOrderIsAllowed) { EXPECT_EQ(bytes_of({DType::Float32, {3, 5}, {4, 12}}), 60U); }

TEST(SizeArithmetic, EverySecondElementIsAllowed) {
  EXPECT_EQ(bytes_of({DType::UInt8, {3, 3, 2}, {20, 8, 2}}), 2U * 20U + 2U * 8U + 2U + 1U);  // [:, ::2, ::2] of 3x5x4
}

TEST(SizeArithmetic, AStrideThatIsNeverTakenMayBeAnything) {
  EXPECT_EQ(bytes_of({DType::Float32, {1, 5}, {0, 4}}), 20U);
  EXPECT_EQ(bytes_of({DType::Float32, {1, 5}, {kMax / 4 * 4, 4}}), 20U);
}

TEST(SizeArithmetic, RefusesAnUnknownDType) {
  EXPECT_EQ(error_of({static_cast<DType>(15), {1}, {}}), SpecError::UnknownDType);
  EXPECT_EQ(error_of({static_cast<DType>(255), {}, {}}), SpecError::UnknownDType);
}

TEST(SizeArithmetic, RefusesNegativeExtents) {
  EXPECT_EQ(error_of({DType::UInt8, {4, -1}, {}}), SpecError::NegativeExtent);
  EXPECT_EQ(error_of({DType::UInt8, {0, std::numeric_limits<std::int64_t>::min()}, {}}), SpecError::NegativeExtent);
}

TEST(SizeArithmetic, RefusesWhatDoesNotFit63Bits) {
  EXPECT_EQ(bytes_of({DType::UInt8, {kMax}, {}}), static_cast<std::size_t>(kMax));
  EXPECT_EQ(error_of({DType::UInt16, {kMax}, {}}), SpecError::TooLarge);
  EXPECT_EQ(error_of({DType::UInt8, {std::int64_t{1} << 32, std::int64_t{1} << 31}, {}}), SpecError::TooLarge);
  EXPECT_EQ(error_of({DType::UInt8, {1 << 30, 1 << 30, 1 << 30, 1 << 30, 1 << 30}, {}}), SpecError::TooLarge);
  EXPECT_EQ(error_of({DType::UInt8, {3, 2}, {std::int64_t{1} << 62, 1}}), SpecError::TooLarge);
  EXPECT_EQ(error_of({DType::UInt8, {2, 2}, {kMax, 1}}), SpecError::TooLarge);
  EXPECT_EQ(bytes_of({DType::UInt8, {2, 2}, {kMax - 2, 1}}), static_cast<std::size_t>(kMax));
}

TEST(SizeArithmetic, RefusesStridesThatAreNotOnePerDimension) {
  EXPECT_EQ(error_of({DType::UInt8, {2, 2}, {2}}), SpecError::StrideRank);
  EXPECT_EQ(error_of({DType::UInt8, {}, {1}}), SpecError::StrideRank);
}

TEST(SizeArithmetic, RefusesNegativeAndMisalignedStrides) {
  EXPECT_EQ(error_of({DType::UInt8, {2, 2}, {-2, 1}}), SpecError::NegativeStride);
  EXPECT_EQ(error_of({DType::UInt16, {2, 2}, {5, 2}}), SpecError::MisalignedStride);
  EXPECT_EQ(error_of({DType::Complex64, {2}, {6}}), SpecError::MisalignedStride);
  EXPECT_EQ(bytes_of({DType::Complex64, {2}, {12}}), 20U);  // pairs of floats need the alignment of a float only
}

TEST(SizeArithmetic, RefusesOverlap) {
  EXPECT_EQ(error_of({DType::UInt8, {2, 2}, {0, 1}}), SpecError::Overlap);
  EXPECT_EQ(error_of({DType::UInt16, {2, 2}, {2, 2}}), SpecError::Overlap);
  EXPECT_EQ(error_of({DType::UInt8, {3, 10}, {9, 1}}), SpecError::Overlap);
  EXPECT_EQ(error_of({DType::Complex64, {2}, {4}}), SpecError::Overlap);
}

// Against the definition, by writing down every byte of every element of small random arrays.
TEST(SizeArithmetic, WhatItAcceptsStaysInsideItsBytesAndNeverOverlaps) {
  std::mt19937 random(7);  // NOLINT: the same arrays every time
  std::uniform_int_distribution<int> rank(0, 3);
  std::uniform_int_distribution<int> extent(0, 4);
  std::uniform_int_distribution<int> stride(0, 24);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto dimensions = static_cast<std::size_t>(rank(random));
    std::vector<std::int64_t> shape(dimensions);
    std::vector<std::int64_t> strides(dimensions);
    for (std::size_t i = 0; i < dimensions; ++i) shape[i] = extent(random), strides[i] = stride(random);
    const ArraySpec spec{DType::Int16, Extents(std::span<const std::int64_t>(shape)),
                         Extents(std::span<const std::int64_t>(strides))};
    const auto bytes = bytes_of(spec);
    if (!bytes) continue;
    ++accepted;
    std::set<std::int64_t> seen;
    std::int64_t end = 0;
    const std::size_t count = element_count(spec);
    for (std::size_t element = 0; element < count; ++element) {
      std::int64_t at = 0;
      std::size_t rest = element;
      for (std::size_t i = dimensions; i-- > 0; rest /= static_cast<std::size_t>(shape[i])) {
        at += static_cast<std::int64_t>(rest % static_cast<std::size_t>(shape[i])) * (strides.empty() ? 2 : strides[i]);
      }
      ASSERT_TRUE(seen.insert(at).second && seen.insert(at + 1).second) << to_string(spec);
      end = std::max(end, at + 2);
    }
    ASSERT_EQ(*bytes, static_cast<std::size_t>(end)) << to_string(spec);
  }
  EXPECT_GT(accepted, 1000);
}

TEST(SizeArithmetic, ForOnesOwnSpecsThrowsNamingSpecAndReason) {
  EXPECT_EQ(checked_extent_bytes({DType::UInt8, {4}, {}}), 4U);
  try {
    checked_extent_bytes({DType::UInt16, {3, 10}, {9, 2}});
    FAIL() << "it accepted a misaligned stride";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::InvalidArgument);
    EXPECT_STREQ(error.what(), "array uint16 3x10 strides 9,2: a stride that is not a multiple of the dtype's alignment");
  }
}

TEST(SizeArithmetic, EveryErrorHasItsOwnWords) {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(SpecError::Overlap); ++i) words.insert(describe(static_cast<SpecError>(i)));
  EXPECT_EQ(words.size(), 7U);
  EXPECT_FALSE(words.contains("unknown"));
}

}  // namespace
}  // namespace arraywire
