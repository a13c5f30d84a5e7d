#include "cli/npy_header.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace arraywire::cli {
namespace {

using testing::HasSubstr;

std::string file_of(const std::string& dict, int major = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(major);
  file += '\0';
  const std::size_t width = major == 1 ? 2 : 4;
  for (std::size_t i = 0; i < width; ++i) file += static_cast<char>(dict.size() >> (8 * i) & 0xff);
  return file + dict;
}

NpyHeader parse(const std::string& file, std::uint64_t file_bytes = std::numeric_limits<std::uint64_t>::max()) {
  return parse_npy_header(std::as_bytes(std::span(file)), file_bytes);
}

std::string refusal(const std::string& file, std::uint64_t file_bytes = std::numeric_limits<std::uint64_t>::max()) {
  try {
    parse(file, file_bytes);
  } catch (const NpyError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(NpyHeader, EveryVersionIsUnderstood) {
  for (const int major : {1, 2, 3}) {
    const std::string file = file_of("{'descr': '<u2', 'fortran_order': False, 'shape': (2160, 3840, 3), }   \n", major);
    const NpyHeader header = parse(file);
    EXPECT_EQ(header.spec, (ArraySpec{.dtype = DType::UInt16, .shape = {2160, 3840, 3}}));
    EXPECT_EQ(header.data_offset, file.size());
  }
  EXPECT_THAT(refusal(file_of("{}", 4)), HasSubstr("version 4"));
}

TEST(NpyHeader, KeysMayComeInAnyOrderAndQuotes) {
  const NpyHeader header = parse(file_of("{\"shape\":(7,),\"descr\":\"|b1\",\"fortran_order\":False}"));
  EXPECT_EQ(header.spec, (ArraySpec{.dtype = DType::Bool, .shape = {7}}));
}

TEST(NpyHeader, ZeroDimensionsAndZeroLengths) {
  EXPECT_TRUE(parse(file_of("{'descr': '<f8', 'fortran_order': False, 'shape': ()}")).spec.shape.empty());
  EXPECT_EQ(parse(file_of("{'descr': '<f8', 'fortran_order': True, 'shape': (0, 3)}")).spec,
            (ArraySpec{.dtype = DType::Float64, .shape = {0, 3}}));
}

TEST(NpyHeader, FortranOrderBecomesStrides) {
  const NpyHeader header = parse(file_of("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 4)}"));
  EXPECT_EQ(header.spec, (ArraySpec{.dtype = DType::Float32, .shape = {2, 3, 4}, .stride_bytes = {4, 8, 24}}));
  // Where both orders are the same bytes, nobody should have to pack.
  EXPECT_TRUE(parse(file_of("{'descr': '<f4', 'fortran_order': True, 'shape': (5,)}")).spec.stride_bytes.empty());
}

TEST(NpyHeader, WhatCannotBeSentSaysWhy) {
  EXPECT_THAT(refusal(file_of("{'descr': '>u2', 'fortran_order': False, 'shape': (2,)}")), HasSubstr("big-endian"));
  EXPECT_THAT(refusal(file_of("{'descr': [('a', '<u2'), ('b', '<f4')], 'fortran_order': False, 'shape': (2,)}")),
              HasSubstr("structured"));
  EXPECT_THAT(refusal(file_of("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}")), HasSubstr("'|O'"));
  EXPECT_THAT(refusal(file_of("{'descr': '<U8', 'fortran_order': False, 'shape': (2,)}")), HasSubstr("'<U8'"));
  EXPECT_THAT(refusal(file_of("{'descr': '<f16', 'fortran_order': False, 'shape': (2,)}")), HasSubstr("'<f16'"));
  EXPECT_EQ(parse(file_of("{'descr': '>u1', 'fortran_order': False, 'shape': (2,)}")).spec.dtype, DType::UInt8);
}

TEST(NpyHeader, MalformedHeadersAreRefused) {
  for (const char* dict :
       {"", "{", "{}", "[]", "{'descr': '<u2'}", "{'descr': '<u2', 'fortran_order': False, 'shape': (2,)} x",
        "{'descr': '<u2', 'descr': '<u2', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<u2', 'fortran_order': 0, 'shape': (2,)}", "{'descr': '<u2', 'fortran_order': False, 'shape': (2)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (-2,)}", "{'descr': '<u2', 'fortran_order': False, 'shape': (2,,)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': 2}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (99999999999999999999,)}", "{'descr: '<u2'}",
        "{'descr': '<u\\x32', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (2,), 'more': 1}"}) {
    EXPECT_NE(refusal(file_of(dict)), "accepted") << dict;
  }
  EXPECT_THAT(refusal(file_of("{'descr': '<u2', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}")),
              HasSubstr("16"));
}

TEST(NpyHeader, ShapesBeyondCountingAreRefused) {
  EXPECT_NE(refusal(file_of("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4)}")), "accepted");
  EXPECT_NE(refusal(file_of("{'descr': '<f8', 'fortran_order': True, 'shape': (4611686018427387904, 4)}")), "accepted");
}

TEST(NpyHeader, EveryTruncationIsRefused) {
  std::string file = file_of("{'descr': '<u2', 'fortran_order': False, 'shape': (2, 2), }\n");
  const std::size_t header_bytes = file.size();
  file += std::string(8, 'x');
  for (std::size_t length = 0; length < file.size(); ++length) {
    EXPECT_NE(refusal(file.substr(0, length), length), "accepted") << length;
  }
  EXPECT_EQ(parse(file, file.size()).data_offset, header_bytes);
  EXPECT_THAT(refusal(file, file.size() - 1), HasSubstr("truncated"));
}

TEST(NpyHeader, WhatIsWrittenIsReadBack) {
  for (std::size_t i = 0; i < kDTypeCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    if (dtype == DType::BFloat16) continue;  // NumPy has none
    for (const Extents& shape : {Extents{}, Extents{3}, Extents{2, 3}, Extents{2, 0, 3}}) {
      const std::string file = format_npy_header(dtype, shape, false);
      EXPECT_EQ(file.size() % 64, 0u);
      EXPECT_EQ(parse(file).spec, (ArraySpec{.dtype = dtype, .shape = shape}));
    }
  }
  EXPECT_EQ(parse(format_npy_header(DType::UInt16, {2, 3}, true)).spec.stride_bytes, (Extents{2, 4}));
}

}  // namespace
}  // namespace arraywire::cli
