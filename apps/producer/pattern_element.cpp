#include "producer/pattern.hpp"

#include <bit>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>

namespace arraywire::producer {
namespace {

template <class T> void put(T value, std::byte* target) { std::memcpy(target, &value, sizeof value); }

template <class T> void put_integer(double value, std::byte* target) {
  constexpr auto kLeast = static_cast<double>(std::numeric_limits<T>::min());
  constexpr auto kMost = static_cast<double>(std::numeric_limits<T>::max());
  // 64-bit limits are no doubles: rounding up would overflow.
  const double scaled = std::round(kLeast + value * (kMost - kLeast));
  put(scaled >= kMost ? std::numeric_limits<T>::max() : static_cast<T>(scaled), target);
}

// Twelve stops around 1; black is 0.
double scene_linear(double value) { return value <= 0 ? 0 : std::exp2(12 * value - 6); }

// Of the normal numbers that scene_linear gives, cut off towards 0.
std::uint16_t half_bits(float value) {
  constexpr std::uint32_t kBiasDifference = 127 - 15;
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return value == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>((bits >> 13) - (kBiasDifference << 10));
}

}  // namespace

void encode_element(DType dtype, double value, std::byte* target) {
  const double linear = scene_linear(value);
  const auto narrow = static_cast<float>(linear);
  switch (dtype) {
    case DType::Bool: return put(static_cast<std::uint8_t>(value >= 0.5 ? 1 : 0), target);
    case DType::UInt8: return put_integer<std::uint8_t>(value, target);
    case DType::UInt16: return put_integer<std::uint16_t>(value, target);
    case DType::UInt32: return put_integer<std::uint32_t>(value, target);
    case DType::UInt64: return put_integer<std::uint64_t>(value, target);
    case DType::Int8: return put_integer<std::int8_t>(value, target);
    case DType::Int16: return put_integer<std::int16_t>(value, target);
    case DType::Int32: return put_integer<std::int32_t>(value, target);
    case DType::Int64: return put_integer<std::int64_t>(value, target);
    case DType::Float16: return put(half_bits(narrow), target);
    case DType::BFloat16: return put(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(narrow) >> 16), target);
    case DType::Float32: return put(narrow, target);
    case DType::Float64: return put(linear, target);
    case DType::Complex64: return put(std::complex<float>(narrow, -narrow), target);
    case DType::Complex128: return put(std::complex<double>(linear, -linear), target);
  }
}

}  // namespace arraywire::producer
