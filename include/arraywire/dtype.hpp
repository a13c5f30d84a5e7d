// Element types, with the names of NumPy and the codes of DLPack.
#pragma once

#include "arraywire/export.hpp"

#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace arraywire {

enum class DType : std::uint8_t {
  Bool,
  UInt8,
  UInt16,
  UInt32,
  UInt64,
  Int8,
  Int16,
  Int32,
  Int64,
  Float16,
  BFloat16,
  Float32,
  Float64,
  Complex64,
  Complex128
};
inline constexpr std::size_t kDTypeCount = 15;

// The (code, bits) pair of DLPack's DLDataType; lanes is always 1. Source: dmlc/dlpack, include/dlpack/dlpack.h.
struct DLPackCode {
  std::uint8_t code = 0;
  std::uint8_t bits = 0;
  bool operator==(const DLPackCode&) const = default;
};

ARRAYWIRE_API std::size_t size_bytes(DType) noexcept;       // of one element
ARRAYWIRE_API std::size_t alignment_bytes(DType) noexcept;  // of one element in memory; strides are multiples of it
ARRAYWIRE_API std::string_view name(DType) noexcept;        // "uint16", "float64", ... as NumPy spells them
ARRAYWIRE_API DLPackCode dlpack_code(DType) noexcept;
ARRAYWIRE_API std::optional<DType> dtype_from_name(std::string_view) noexcept;
ARRAYWIRE_API std::optional<DType> dtype_from_dlpack(DLPackCode) noexcept;

// The DType of a C++ type: `static constexpr DType value`. Specialise it for types of your own that have the same bytes
// (Imath::half, cv::float16_t: DType::Float16). A type without one does not compile.
template <class T> struct dtype_of;

namespace detail {
template <std::size_t Size, bool Signed> constexpr DType integer_dtype() {
  static_assert(Size == 1 || Size == 2 || Size == 4 || Size == 8);
  constexpr auto base = Signed ? DType::Int8 : DType::UInt8;
  constexpr int step = Size == 1 ? 0 : Size == 2 ? 1 : Size == 4 ? 2 : 3;
  return static_cast<DType>(static_cast<int>(base) + step);
}
}  // namespace detail

template <> struct dtype_of<bool> { static constexpr DType value = DType::Bool; };
template <> struct dtype_of<float> { static constexpr DType value = DType::Float32; };
template <> struct dtype_of<double> { static constexpr DType value = DType::Float64; };
template <> struct dtype_of<std::complex<float>> { static constexpr DType value = DType::Complex64; };
template <> struct dtype_of<std::complex<double>> { static constexpr DType value = DType::Complex128; };
template <> struct dtype_of<std::byte> { static constexpr DType value = DType::UInt8; };
template <std::integral T> struct dtype_of<T> {
  static constexpr DType value = detail::integer_dtype<sizeof(T), std::is_signed_v<T>>();
};

template <class T> inline constexpr DType dtype_of_v = dtype_of<std::remove_cv_t<T>>::value;

}  // namespace arraywire
