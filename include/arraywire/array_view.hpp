// Array specs (dtype + shape + strides, no bytes) and array views (a spec over borrowed bytes).
#pragma once

#include "arraywire/dtype.hpp"
#include "arraywire/error.hpp"
#include "arraywire/export.hpp"
#include "arraywire/result.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <type_traits>

namespace arraywire {

inline constexpr std::size_t kMaxRank = 16;
inline constexpr std::size_t kMaxArrays = 64;            // in one message
inline constexpr std::size_t kArrayAlignmentBytes = 64;  // of every array in a slot

// Up to kMaxRank lengths or strides in place (no heap), outermost first: {height, width, channels}.
class ARRAYWIRE_API Extents {
 public:
  constexpr Extents() noexcept = default;
  // Throws Error when there are more than kMaxRank.
  Extents(std::initializer_list<std::int64_t> values) : Extents(std::span(values.begin(), values.size())) {}
  explicit Extents(std::span<const std::int64_t> values);

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const std::int64_t* begin() const noexcept { return values_.data(); }
  const std::int64_t* end() const noexcept { return values_.data() + size_; }
  std::int64_t operator[](std::size_t i) const noexcept { return values_[i]; }
  std::int64_t& operator[](std::size_t i) noexcept { return values_[i]; }
  operator std::span<const std::int64_t>() const noexcept { return {begin(), size_}; }
  bool operator==(const Extents& other) const noexcept { return std::equal(begin(), end(), other.begin(), other.end()); }

 private:
  std::array<std::int64_t, kMaxRank> values_{};
  std::uint8_t size_ = 0;
};

// A value. No stride_bytes = C-contiguous. An explicit C-contiguous stride_bytes describes the same bytes but is not equal.
struct ArraySpec {
  DType dtype{};
  Extents shape{};
  Extents stride_bytes{};  // bytes from one index to the next, per dimension; never negative
  bool operator==(const ArraySpec&) const = default;
};

enum class SpecError : std::uint8_t {
  UnknownDType,
  NegativeExtent,
  TooLarge,    // the byte arithmetic leaves 63 bits
  StrideRank,  // stride_bytes is there but has not one entry per dimension
  NegativeStride,
  MisalignedStride,  // not a multiple of alignment_bytes(dtype)
  Overlap,           // two indices would share bytes
};
ARRAYWIRE_API std::string_view describe(SpecError) noexcept;

// Bytes from the first element to the end of the last one, gaps of padded rows included. 0 when an extent is 0.
// The one place for size arithmetic: peer-supplied specs go through it too. Never throws.
ARRAYWIRE_API Result<std::size_t, SpecError> extent_bytes(const ArraySpec&) noexcept;
// As extent_bytes, for specs of one's own: throws Error naming the spec and what is wrong with it.
ARRAYWIRE_API std::size_t checked_extent_bytes(const ArraySpec&);
ARRAYWIRE_API std::size_t element_count(const ArraySpec&) noexcept;  // of a valid spec
ARRAYWIRE_API bool is_contiguous(const ArraySpec&) noexcept;         // C order without gaps; of a valid spec
ARRAYWIRE_API Extents byte_strides(const ArraySpec&) noexcept;       // stride_bytes, or those of C order; of a valid spec
ARRAYWIRE_API Extents element_strides(const ArraySpec&);             // likewise; throws Error when one is no whole elements
ARRAYWIRE_API std::string to_string(const ArraySpec&);               // "uint16 2160x3840x3", "float32 4x4 strides 64,4"

// A spec over borrowed bytes. A value of pointer size and spec; copies refer to the same bytes.
// Lifetime: valid while the lender is (a Sample, a Loan, your own memory).
// Alignment: loans are 64-byte aligned; received arrays promise 8 bytes only, so no aligned SIMD loads.
template <class Byte> class ARRAYWIRE_API BasicArrayView {
  static_assert(std::is_same_v<std::remove_const_t<Byte>, std::byte>);
  template <class T> using Element = std::conditional_t<std::is_const_v<Byte>, const T, T>;

 public:
  BasicArrayView() noexcept = default;
  // Uses the first extent_bytes(spec) of `bytes`. Throws Error when the spec is invalid or does not fit.
  BasicArrayView(const ArraySpec& spec, std::span<Byte> bytes);
  // A writable view is a read-only one too.
  BasicArrayView(const BasicArrayView<std::byte>& other) noexcept requires std::is_const_v<Byte> : spec_(other.spec()),
                                                                                                   bytes_(other.bytes()) {}
  BasicArrayView(const BasicArrayView&) noexcept = default;
  BasicArrayView& operator=(const BasicArrayView&) noexcept = default;

  const ArraySpec& spec() const noexcept { return spec_; }
  const Extents& shape() const noexcept { return spec_.shape; }
  DType dtype() const noexcept { return spec_.dtype; }
  std::span<Byte> bytes() const noexcept { return bytes_; }  // the whole extent, gaps of padded rows included
  bool contiguous() const noexcept { return is_contiguous(spec_); }

  // Throws Error naming both dtypes when T is not this array's.
  template <class T> Element<T>* data() const {
    require_dtype(dtype_of_v<T>);
    return reinterpret_cast<Element<T>*>(bytes_.data());
  }
  // As data(), and throws when strided: every element, in C order.
  template <class T> std::span<Element<T>> values() const {
    require_contiguous();
    return {data<T>(), bytes_.size() / sizeof(T)};
  }

 private:
  void require_dtype(DType wanted) const;
  void require_contiguous() const;

  ArraySpec spec_{};
  std::span<Byte> bytes_{};
};

using ArrayView = BasicArrayView<std::byte>;
using ConstArrayView = BasicArrayView<const std::byte>;
extern template class BasicArrayView<std::byte>;
extern template class BasicArrayView<const std::byte>;

// A C-contiguous view of elements of your own. `values` must be shape's product long, else Error.
template <class T> auto view_of(std::span<T> values, const Extents& shape) {
  using Byte = std::conditional_t<std::is_const_v<T>, const std::byte, std::byte>;
  const ArraySpec spec{.dtype = dtype_of_v<T>, .shape = shape};
  if (checked_extent_bytes(spec) != values.size_bytes()) {
    throw Error(ErrorCode::InvalidArgument,
                "view_of: " + to_string(spec) + " is not " + std::to_string(values.size()) + " elements");
  }
  return BasicArrayView<Byte>(spec, std::span<Byte>(reinterpret_cast<Byte*>(values.data()), values.size_bytes()));
}

// Copies elements between two arrays of equal dtype and shape, whatever their strides. Throws Error otherwise. Their bytes must
// not overlap.
ARRAYWIRE_API void copy_elements(const ConstArrayView& from, const ArrayView& to);

}  // namespace arraywire
