#include "arraywire/dtype.hpp"

#include <gtest/gtest.h>

#include <array>
#include <complex>

namespace arraywire {
namespace {

struct Expected {
  DType dtype;
  std::string_view name;
  std::size_t size_bytes;
  std::size_t alignment_bytes;
  DLPackCode code;
};
// The codes are those of dmlc/dlpack's DLDataTypeCode: kDLInt 0, kDLUInt 1, kDLFloat 2, kDLBfloat 4, kDLComplex 5, kDLBool 6.
constexpr std::array<Expected, kDTypeCount> kAll{{
    {DType::Bool, "bool", 1, 1, {6, 8}},
    {DType::UInt8, "uint8", 1, 1, {1, 8}},
    {DType::UInt16, "uint16", 2, 2, {1, 16}},
    {DType::UInt32, "uint32", 4, 4, {1, 32}},
    {DType::UInt64, "uint64", 8, 8, {1, 64}},
    {DType::Int8, "int8", 1, 1, {0, 8}},
    {DType::Int16, "int16", 2, 2, {0, 16}},
    {DType::Int32, "int32", 4, 4, {0, 32}},
    {DType::Int64, "int64", 8, 8, {0, 64}},
    {DType::Float16, "float16", 2, 2, {2, 16}},
    {DType::BFloat16, "bfloat16", 2, 2, {4, 16}},
    {DType::Float32, "float32", 4, 4, {2, 32}},
    {DType::Float64, "float64", 8, 8, {2, 64}},
    {DType::Complex64, "complex64", 8, 4, {5, 64}},
    {DType::Complex128, "complex128", 16, 8, {5, 128}},
}};

TEST(DType, HasTheSizeAlignmentNameAndDLPackCodeOfItsElement) {
  for (const Expected& expected : kAll) {
    SCOPED_TRACE(expected.name);
    EXPECT_EQ(size_bytes(expected.dtype), expected.size_bytes);
    EXPECT_EQ(alignment_bytes(expected.dtype), expected.alignment_bytes);
    EXPECT_EQ(name(expected.dtype), expected.name);
    EXPECT_EQ(dlpack_code(expected.dtype), expected.code);
  }
}

TEST(DType, IsFoundAgainByNameAndByCode) {
  for (const Expected& expected : kAll) {
    EXPECT_EQ(dtype_from_name(expected.name), expected.dtype);
    EXPECT_EQ(dtype_from_dlpack(expected.code), expected.dtype);
  }
}

TEST(DType, IsNotFoundByNamesAndCodesThatDoNotExist) {
  for (const auto unknown : {"", "float", "uint128", "UINT8", "uint8 "})
    EXPECT_EQ(dtype_from_name(unknown), std::nullopt) << unknown;
  std::size_t known = 0;
  for (unsigned code = 0; code < 256; ++code) {
    for (unsigned bits = 0; bits < 256; ++bits) {
      known += dtype_from_dlpack({static_cast<std::uint8_t>(code), static_cast<std::uint8_t>(bits)}).has_value() ? 1 : 0;
    }
  }
  EXPECT_EQ(known, kDTypeCount);
}

TEST(DType, OutsideTheEnumHasNoSizeAndNoPeerCanNameIt) {
  const auto odd = static_cast<DType>(200);
  EXPECT_EQ(size_bytes(odd), 0U);
  EXPECT_EQ(alignment_bytes(odd), 1U);
  EXPECT_EQ(name(odd), "unknown");
  EXPECT_EQ(dtype_from_dlpack(dlpack_code(odd)), std::nullopt);
  EXPECT_EQ(dtype_from_name("unknown"), std::nullopt);
}

TEST(DType, OfACppTypeHasThatTypesSize) {
  const auto check = []<class T>(DType expected) {
    EXPECT_EQ(dtype_of_v<T>, expected);
    EXPECT_EQ(dtype_of_v<const T>, expected);
    EXPECT_EQ(size_bytes(dtype_of_v<T>), sizeof(T));
  };
  check.operator()<bool>(DType::Bool);
  check.operator()<std::byte>(DType::UInt8);
  check.operator()<std::uint8_t>(DType::UInt8);
  check.operator()<std::uint16_t>(DType::UInt16);
  check.operator()<std::uint32_t>(DType::UInt32);
  check.operator()<std::uint64_t>(DType::UInt64);
  check.operator()<unsigned long long>(DType::UInt64);
  check.operator()<std::int8_t>(DType::Int8);
  check.operator()<std::int16_t>(DType::Int16);
  check.operator()<std::int32_t>(DType::Int32);
  check.operator()<std::int64_t>(DType::Int64);
  check.operator()<float>(DType::Float32);
  check.operator()<double>(DType::Float64);
  check.operator()<std::complex<float>>(DType::Complex64);
  check.operator()<std::complex<double>>(DType::Complex128);
}

}  // namespace
}  // namespace arraywire
