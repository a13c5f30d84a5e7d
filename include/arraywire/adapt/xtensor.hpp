// xtensor views over arraywire arrays: no copy. Needs xtensor; the library itself does not.
//
//   auto image = arraywire::as_xtensor<std::uint16_t, 3>(*loan);
//   xt::noalias(image) = xt::clip(source * gain, 0, 65535);   // noalias: evaluates in place. Without it xtensor 0.24 evaluates
//                                                             // into a full temporary first, and takes another view of the same
//                                                             // type for one to look at from then on: nothing would be written
//   auto received = arraywire::as_xtensor<std::uint16_t, 3>(std::move(*sample));   // which lives as long as `received`
//
// Lifetime: what is made of a Sample or a Loan keeps its memory; what is made of an array view keeps nothing, and is valid while
// that is. Errors: Error for another dtype or rank, and for an index that is not there.
#pragma once

#include "arraywire/loan.hpp"
#include "arraywire/sample.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>
#include <xtensor/xadapt.hpp>
#include <xtensor/xnoalias.hpp>

namespace arraywire {

inline constexpr std::size_t kAnyRank = static_cast<std::size_t>(-1);  // the array's own, known when it is there

namespace detail {

inline void require_rank(const ArraySpec& spec, std::size_t rank) {
  if (spec.shape.size() == rank) return;
  throw Error(ErrorCode::InvalidArgument, "a view of rank " + std::to_string(rank) + " over " + to_string(spec));
}

// One number for each dimension: an array where their number is known at compile time, as xtensor wants it, else a vector.
template <class T, std::size_t Rank> auto per_dimension(const ArraySpec& spec, const Extents& values) {
  const auto convert = [](std::int64_t n) { return static_cast<T>(n); };
  if constexpr (Rank == kAnyRank) {
    std::vector<T> all(values.size());
    std::transform(values.begin(), values.end(), all.begin(), convert);
    return all;
  } else {
    require_rank(spec, Rank);
    std::array<T, Rank> all{};
    std::transform(values.begin(), values.end(), all.begin(), convert);
    return all;
  }
}

template <std::size_t Rank> auto xtensor_shape(const ArraySpec& spec) {
  return per_dimension<std::size_t, Rank>(spec, spec.shape);
}

template <std::size_t Rank> auto xtensor_strides(const ArraySpec& spec) {
  Extents strides = element_strides(spec);
  for (std::size_t i = 0; i < strides.size(); ++i) {
    if (spec.shape[i] == 1) strides[i] = 0;  // xtensor's convention
  }
  return per_dimension<std::ptrdiff_t, Rank>(spec, strides);
}

template <class T, std::size_t Rank, class Byte>
auto xtensor_keeping(const BasicArrayView<Byte>& view, std::shared_ptr<const void> owner) {
  const auto values = view.template values<T>();
  using Buffer = xt::xbuffer_adaptor<typename decltype(values)::pointer, xt::smart_ownership, std::shared_ptr<const void>>;
  const auto shape = xtensor_shape<Rank>(view.spec());
  Buffer buffer(values.data(), values.size(), std::move(owner));
  if constexpr (Rank == kAnyRank) {
    return xt::xarray_adaptor<Buffer, xt::layout_type::row_major, std::vector<std::size_t>>(std::move(buffer), shape);
  } else {
    return xt::xtensor_adaptor<Buffer, Rank, xt::layout_type::row_major>(std::move(buffer), shape);
  }
}

}  // namespace detail

// Row-major. Throws Error for a strided array, too.
template <class T, std::size_t Rank = kAnyRank, class Byte> auto as_xtensor(const BasicArrayView<Byte>& view) {
  const auto values = view.template values<T>();
  return xt::adapt(values.data(), values.size(), xt::no_ownership(), detail::xtensor_shape<Rank>(view.spec()));
}

// Padded rows, Fortran order: any strides that are whole elements, else Error.
template <class T, std::size_t Rank = kAnyRank, class Byte> auto as_xtensor_strided(const BasicArrayView<Byte>& view) {
  return xt::adapt(view.template data<T>(), element_count(view.spec()), xt::no_ownership(),
                   detail::xtensor_shape<Rank>(view.spec()), detail::xtensor_strides<Rank>(view.spec()));
}

// Of a sample, which lives until the last copy of what is returned is gone. Read-only. On Error it stays with the caller.
template <class T, std::size_t Rank = kAnyRank> auto as_xtensor(std::shared_ptr<const Sample> sample, std::size_t index = 0) {
  const ConstArrayView view = sample->array(index);
  return detail::xtensor_keeping<T, Rank>(view, std::move(sample));
}
template <class T, std::size_t Rank = kAnyRank> auto as_xtensor(Sample&& sample, std::size_t index = 0) {
  static_cast<void>(as_xtensor<T, Rank>(sample.array(index)));  // throws before the sample is taken
  return as_xtensor<T, Rank>(std::make_shared<const Sample>(std::move(sample)), index);
}

// Of a loan, writable: the slot is nobody else's until the last copy of what is returned is gone, whatever becomes of the loan.
// When it is published, its bytes are the subscribers': they must not be written any more.
template <class T, std::size_t Rank = kAnyRank> auto as_xtensor(const Loan& loan, std::size_t index = 0) {
  return detail::xtensor_keeping<T, Rank>(loan.array(index), loan.pin());
}

}  // namespace arraywire
