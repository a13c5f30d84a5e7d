#include "arraywire/dtype.hpp"

#include <array>

namespace arraywire {
namespace {

// The codes of DLDataTypeCode.
constexpr std::uint8_t kInt = 0, kUInt = 1, kFloat = 2, kBFloat = 4, kComplex = 5, kBool = 6;

struct Row {
  std::string_view name;
  std::uint8_t size_bytes;
  std::uint8_t alignment_bytes;
  DLPackCode code;
};

// In the order of DType.
constexpr std::array<Row, kDTypeCount> kRows{{
    {"bool", 1, 1, {kBool, 8}},
    {"uint8", 1, 1, {kUInt, 8}},
    {"uint16", 2, 2, {kUInt, 16}},
    {"uint32", 4, 4, {kUInt, 32}},
    {"uint64", 8, 8, {kUInt, 64}},
    {"int8", 1, 1, {kInt, 8}},
    {"int16", 2, 2, {kInt, 16}},
    {"int32", 4, 4, {kInt, 32}},
    {"int64", 8, 8, {kInt, 64}},
    {"float16", 2, 2, {kFloat, 16}},
    {"bfloat16", 2, 2, {kBFloat, 16}},
    {"float32", 4, 4, {kFloat, 32}},
    {"float64", 8, 8, {kFloat, 64}},
    {"complex64", 8, 4, {kComplex, 64}},
    {"complex128", 16, 8, {kComplex, 128}},
}};
static_assert(static_cast<std::size_t>(DType::Complex128) + 1 == kRows.size());

// A value outside the enum can come from a cast; it has a row too, so that nothing here reads past the table.
constexpr Row kUnknown{"unknown", 0, 1, {255, 0}};

const Row& row(DType dtype) noexcept {
  const auto index = static_cast<std::size_t>(dtype);
  return index < kRows.size() ? kRows[index] : kUnknown;
}

template <class Predicate> std::optional<DType> find(Predicate matches) noexcept {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (matches(kRows[i])) return static_cast<DType>(i);
  }
  return std::nullopt;
}

}  // namespace

std::size_t size_bytes(DType dtype) noexcept { return row(dtype).size_bytes; }
std::size_t alignment_bytes(DType dtype) noexcept { return row(dtype).alignment_bytes; }
std::string_view name(DType dtype) noexcept { return row(dtype).name; }
DLPackCode dlpack_code(DType dtype) noexcept { return row(dtype).code; }

std::optional<DType> dtype_from_name(std::string_view wanted) noexcept {
  return find([wanted](const Row& r) { return r.name == wanted; });
}

std::optional<DType> dtype_from_dlpack(DLPackCode wanted) noexcept {
  return find([wanted](const Row& r) { return r.code == wanted; });
}

}  // namespace arraywire
