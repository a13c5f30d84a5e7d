// xtensor views over arraywire arrays: no copy. Needs xtensor; the library itself does not.
//
//   auto image = arraywire::as_xtensor<std::uint16_t, 3>(loan.array());
//   xt::noalias(image) = xt::clip(source * gain, 0, 65535);   // noalias: evaluates in place. Without it xtensor 0.24 evaluates
//                                                             // into a full temporary first
// Lifetime: as of the array view: valid while the sample or loan is.
#pragma once

#include "arraywire/array_view.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>
#include <xtensor/xadapt.hpp>
#include <xtensor/xstrided_view.hpp>

namespace arraywire {

namespace detail {

template <class T, class Byte> using SameConst = std::conditional_t<std::is_const_v<Byte>, const T, T>;

inline void require_rank(const ArraySpec& spec, std::size_t rank) {
  if (spec.shape.size() == rank) return;
  throw Error(ErrorCode::InvalidArgument, "a view of rank " + std::to_string(rank) + " over " + to_string(spec));
}

template <std::size_t Rank> std::array<std::size_t, Rank> fixed_shape(const ArraySpec& spec) {
  require_rank(spec, Rank);
  std::array<std::size_t, Rank> shape{};
  std::transform(spec.shape.begin(), spec.shape.end(), shape.begin(), [](std::int64_t n) { return static_cast<std::size_t>(n); });
  return shape;
}

inline std::vector<std::size_t> dynamic_shape(const ArraySpec& spec) { return {spec.shape.begin(), spec.shape.end()}; }

inline std::vector<std::ptrdiff_t> xtensor_strides(const ArraySpec& spec) {
  const Extents elements = element_strides(spec);
  std::vector<std::ptrdiff_t> strides(elements.begin(), elements.end());
  for (std::size_t i = 0; i < strides.size(); ++i) {
    if (spec.shape[i] == 1) strides[i] = 0;  // xtensor's convention
  }
  return strides;
}

}  // namespace detail

// Row-major, of a rank known at compile time. Throws Error for another dtype or rank, and for a strided array.
template <class T, std::size_t Rank, class Byte> auto as_xtensor(const BasicArrayView<Byte>& view) {
  const auto values = view.template values<T>();
  return xt::adapt(values.data(), values.size(), xt::no_ownership(), detail::fixed_shape<Rank>(view.spec()));
}

// Row-major, of the array's own rank.
template <class T, class Byte> auto as_xtensor(const BasicArrayView<Byte>& view) {
  const auto values = view.template values<T>();
  return xt::adapt(values.data(), values.size(), xt::no_ownership(), detail::dynamic_shape(view.spec()));
}

// Padded rows, Fortran order: any strides that are whole elements, else Error.
template <class T, class Byte> auto as_xtensor_strided(const BasicArrayView<Byte>& view) {
  auto* data = view.template data<T>();
  return xt::adapt(data, element_count(view.spec()), xt::no_ownership(), detail::dynamic_shape(view.spec()),
                   detail::xtensor_strides(view.spec()));
}

}  // namespace arraywire
