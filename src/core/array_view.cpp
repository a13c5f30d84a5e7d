#include "arraywire/array_view.hpp"

#include <optional>
#include <string_view>

namespace arraywire {
namespace {

std::optional<SpecError> check_extents(const ArraySpec& spec) noexcept {
  if (size_bytes(spec.dtype) == 0) return SpecError::UnknownDType;
  if (std::any_of(spec.shape.begin(), spec.shape.end(), [](std::int64_t n) { return n < 0; })) return SpecError::NegativeExtent;
  return std::nullopt;
}

std::optional<SpecError> check_strides(const ArraySpec& spec) noexcept {
  if (spec.stride_bytes.empty()) return std::nullopt;
  if (spec.stride_bytes.size() != spec.shape.size()) return SpecError::StrideRank;
  const auto alignment = static_cast<std::int64_t>(alignment_bytes(spec.dtype));
  for (const std::int64_t stride : spec.stride_bytes) {
    if (stride < 0) return SpecError::NegativeStride;
    if (stride % alignment != 0) return SpecError::MisalignedStride;
  }
  return std::nullopt;
}

bool has_no_elements(const ArraySpec& spec) noexcept {
  return std::find(spec.shape.begin(), spec.shape.end(), 0) != spec.shape.end();
}

Result<std::size_t, SpecError> contiguous_bytes(const ArraySpec& spec) noexcept {
  auto bytes = static_cast<std::int64_t>(size_bytes(spec.dtype));
  for (const std::int64_t extent : spec.shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return SpecError::TooLarge;
  }
  return static_cast<std::size_t>(bytes);
}

struct Dimension {
  std::int64_t stride;
  std::int64_t extent;
};

// Sorted by stride, each dimension must step over everything that the ones before it reach. That also refuses a few
// interleavings that share no byte, but no layout that anybody has, and it needs no search.
Result<std::size_t, SpecError> strided_bytes(const ArraySpec& spec) noexcept {
  std::array<Dimension, kMaxRank> dimensions{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < spec.shape.size(); ++i) {
    if (spec.shape[i] > 1) dimensions[count++] = {spec.stride_bytes[i], spec.shape[i]};
  }
  std::sort(dimensions.begin(), dimensions.begin() + count, [](Dimension a, Dimension b) { return a.stride < b.stride; });
  auto end = static_cast<std::int64_t>(size_bytes(spec.dtype));
  for (std::size_t i = 0; i < count; ++i) {
    const auto [stride, extent] = dimensions[i];
    if (stride < end) return SpecError::Overlap;
    std::int64_t last = 0;
    if (__builtin_mul_overflow(stride, extent - 1, &last) || __builtin_add_overflow(end, last, &end)) return SpecError::TooLarge;
  }
  return static_cast<std::size_t>(end);
}

void append(std::string& text, const Extents& values, char separator) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i != 0) text += separator;
    text += std::to_string(values[i]);
  }
}

}  // namespace

Extents::Extents(std::span<const std::int64_t> values) {
  if (values.size() > kMaxRank) {
    throw Error(ErrorCode::InvalidArgument, "an array of " + std::to_string(values.size()) + " dimensions: at most " +
                                                std::to_string(kMaxRank) + " are possible");
  }
  std::copy(values.begin(), values.end(), values_.begin());
  size_ = static_cast<std::uint8_t>(values.size());
}

std::string_view describe(SpecError error) noexcept {
  switch (error) {
    case SpecError::UnknownDType: return "unknown dtype";
    case SpecError::NegativeExtent: return "a negative extent";
    case SpecError::TooLarge: return "its size in bytes does not fit 63 bits";
    case SpecError::StrideRank: return "stride_bytes has not one entry per dimension";
    case SpecError::NegativeStride: return "a negative stride";
    case SpecError::MisalignedStride: return "a stride that is not a multiple of the dtype's alignment";
    case SpecError::Overlap: return "strides that let two elements share bytes";
  }
  return "unknown";
}

Result<std::size_t, SpecError> extent_bytes(const ArraySpec& spec) noexcept {
  if (const auto error = check_extents(spec)) return *error;
  if (const auto error = check_strides(spec)) return *error;
  if (has_no_elements(spec)) return std::size_t{0};
  return spec.stride_bytes.empty() ? contiguous_bytes(spec) : strided_bytes(spec);
}

std::size_t checked_extent_bytes(const ArraySpec& spec) {
  const auto bytes = extent_bytes(spec);
  if (!bytes) throw Error(ErrorCode::InvalidArgument, "array " + to_string(spec) + ": " + std::string(describe(bytes.error())));
  return *bytes;
}

std::size_t element_count(const ArraySpec& spec) noexcept {
  if (has_no_elements(spec)) return 0;  // first: the other extents' product may overflow
  std::size_t count = 1;
  for (const std::int64_t extent : spec.shape) count *= static_cast<std::size_t>(extent);
  return count;
}

bool is_contiguous(const ArraySpec& spec) noexcept {
  if (spec.stride_bytes.empty() || has_no_elements(spec)) return true;
  auto expected = static_cast<std::int64_t>(size_bytes(spec.dtype));
  for (std::size_t i = spec.shape.size(); i-- > 0;) {
    if (spec.shape[i] == 1) continue;  // a stride that is never taken
    if (spec.stride_bytes[i] != expected) return false;
    expected *= spec.shape[i];
  }
  return true;
}

Extents byte_strides(const ArraySpec& spec) noexcept {
  if (!spec.stride_bytes.empty()) return spec.stride_bytes;
  Extents strides = spec.shape;
  auto step = static_cast<std::int64_t>(size_bytes(spec.dtype));
  for (std::size_t i = spec.shape.size(); i-- > 0;) {
    strides[i] = step;
    static_cast<void>(__builtin_mul_overflow(step, spec.shape[i], &step));  // only an array without elements is so large
  }
  return strides;
}

Extents element_strides(const ArraySpec& spec) {
  const auto item = static_cast<std::int64_t>(size_bytes(spec.dtype));
  Extents strides = byte_strides(spec);
  for (std::size_t i = 0; i < strides.size(); ++i) {
    if (strides[i] % item != 0)
      throw Error(ErrorCode::InvalidArgument, "array " + to_string(spec) + ": strides that are no whole number of elements");
    strides[i] /= item;
  }
  return strides;
}

std::string to_string(const ArraySpec& spec) {
  std::string text(name(spec.dtype));
  text += ' ';
  if (spec.shape.empty()) text += "0-d";
  append(text, spec.shape, 'x');
  if (!spec.stride_bytes.empty()) {
    text += " strides ";
    append(text, spec.stride_bytes, ',');
  }
  return text;
}

template <class Byte> BasicArrayView<Byte>::BasicArrayView(const ArraySpec& spec, std::span<Byte> bytes) : spec_(spec) {
  const std::size_t needed = checked_extent_bytes(spec);
  if (needed > bytes.size()) {
    throw Error(ErrorCode::InvalidArgument, "array " + to_string(spec) + " needs " + std::to_string(needed) + " bytes, but has " +
                                                std::to_string(bytes.size()));
  }
  bytes_ = bytes.first(needed);
}

template <class Byte> void BasicArrayView<Byte>::require_dtype(DType wanted) const {
  if (wanted == spec_.dtype) return;
  throw Error(ErrorCode::InvalidArgument,
              "array " + to_string(spec_) + " holds " + std::string(name(spec_.dtype)) + ", not " + std::string(name(wanted)));
}

template <class Byte> void BasicArrayView<Byte>::require_contiguous() const {
  if (is_contiguous(spec_)) return;
  throw Error(ErrorCode::InvalidArgument, "array " + to_string(spec_) + " is strided: its elements do not follow one another");
}

template class BasicArrayView<std::byte>;
template class BasicArrayView<const std::byte>;

}  // namespace arraywire
