#include "images/light.hpp"

#include "cli/values.hpp"
#include "images/image_shape.hpp"
#include "images/transfer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace arraywire::images {
namespace {

bool is_float(DType dtype) {
  return dtype == DType::Float16 || dtype == DType::BFloat16 || dtype == DType::Float32 || dtype == DType::Float64;
}

// From an element's value to light.
class Decoder {
 public:
  Decoder(DType dtype, const ArrayInfo& info) {
    const Colour colour = info.colour.value_or(Colour{});
    transfer_ = colour.transfer;
    if (transfer_ == kTransferUnspecified && is_float(dtype)) transfer_ = kTransferLinear;
    if (is_float(dtype) || dtype == DType::Bool) return;
    const bool has_sign = dtype >= DType::Int8 && dtype <= DType::Int64;
    const int most = static_cast<int>(8 * size_bytes(dtype)) - (has_sign ? 1 : 0);
    const int bits = info.significant_bits == 0 ? most : std::min<int>(info.significant_bits, most);
    scale_ = 1 / (std::exp2(bits) - 1);
    if (colour.full_range || bits < 8) return;
    // H.273: black at 16, white at 235, in units of 8-bit codes.
    offset_ = 16 * std::exp2(bits - 8);
    scale_ = 1 / (219 * std::exp2(bits - 8));
  }
  float operator()(double value) const {
    const double light = light_of(transfer_, (value - offset_) * scale_);
    return std::isnan(light) ? 0.0F : static_cast<float>(std::clamp(light, 0.0, double{kMostLight}));
  }

 private:
  std::uint8_t transfer_ = 0;
  double offset_ = 0, scale_ = 1;
};

double half_value(std::uint16_t bits) {
  const double sign = (bits & 0x8000U) != 0 ? -1 : 1;
  const int exponent = bits >> 10U & 0x1f;
  const int fraction = bits & 0x3ff;
  if (exponent == 31)
    return fraction == 0 ? sign * std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25));
}

double value_of_bits(DType dtype, std::uint16_t bits) {
  switch (dtype) {
    case DType::Float16: return half_value(bits);
    case DType::BFloat16: return double{std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U)};
    case DType::Int8: return static_cast<std::int8_t>(bits);
    case DType::Int16: return static_cast<std::int16_t>(bits);
    default: return bits;
  }
}

struct Layout {
  std::size_t width = 0, height = 0;
  std::size_t row_bytes = 0, pixel_bytes = 0;
  std::size_t channels = 1;                    // of the picture
  std::array<std::size_t, 3> channel_bytes{};  // where each lies in a pixel
};

using Indices = std::vector<std::size_t>;

// Red, green and blue of a layer, "beauty." or none; empty: it has not all three.
Indices colours_of(const std::vector<std::string>& names, const std::string& layer) {
  Indices found;
  for (const char* colour : {"R", "G", "B"}) {
    const auto at = std::find(names.begin(), names.end(), layer + colour);
    if (at != names.end()) found.push_back(static_cast<std::size_t>(at - names.begin()));
  }
  return found.size() == 3 ? found : Indices();
}

// The index of each channel to show: three, or one where there are no three.
Indices shown_channels(const std::vector<std::string>& names, std::size_t count) {
  const bool named = names.size() == count;
  for (const std::string& name : named ? names : std::vector<std::string>()) {
    if (!name.ends_with('R')) continue;
    const std::string layer = name.substr(0, name.size() - 1);
    if (Indices found = colours_of(names, layer); !found.empty() && (layer.empty() || layer.ends_with('.'))) return found;
  }
  Indices indices;
  for (std::size_t i = 0; i < count; ++i) {
    if (!named || (names[i] != "A" && names[i] != "Z")) indices.push_back(i);
  }
  if (indices.empty()) return {0};
  indices.resize(indices.size() < 3 ? 1 : 3);
  return indices;
}

Layout layout_of(const ArraySpec& spec, const ArrayInfo& info) {
  const ImageShape shape = image_shape(spec);
  const std::size_t element = size_bytes(spec.dtype);
  const auto channels = static_cast<std::size_t>(shape.channels);
  Layout layout{.width = static_cast<std::size_t>(shape.width), .height = static_cast<std::size_t>(shape.height)};
  const auto& strides = spec.stride_bytes;
  const auto stride = [&](std::size_t i, std::size_t packed) {
    return strides.size() > i ? static_cast<std::size_t>(strides[i]) : packed;
  };
  layout.pixel_bytes = stride(1, channels * element);
  layout.row_bytes = stride(0, layout.width * channels * element);
  const Indices indices = shown_channels(info.channel_names, channels);
  layout.channels = indices.size();
  for (std::size_t c = 0; c < indices.size(); ++c) layout.channel_bytes[c] = indices[c] * stride(2, element);
  return layout;
}

// Sums of light over blocks, a row of them at a time.
template <class T, class Light>
void add_up(const std::byte* bytes, const Layout& layout, std::size_t block, const Light& light, LightImage& image) {
  for (std::size_t y = 0; y < layout.height; ++y) {
    float* out = image.values.data() + y / block * image.width * layout.channels;
    const std::byte* pixel = bytes + y * layout.row_bytes;
    for (std::size_t begin = 0; begin < layout.width; begin += block, out += layout.channels) {
      const std::size_t end = std::min(begin + block, layout.width);
      for (std::size_t x = begin; x < end; ++x, pixel += layout.pixel_bytes) {
        for (std::size_t c = 0; c < layout.channels; ++c) {
          T element;
          std::memcpy(&element, pixel + layout.channel_bytes[c], sizeof element);
          out[c] += light(element);
        }
      }
    }
  }
}

template <class Bits>
void add_up_by_table(DType dtype, const Decoder& decode, const std::byte* bytes, const Layout& layout, std::size_t block,
                     LightImage& image) {
  std::vector<float> table(std::size_t{1} << 8 * sizeof(Bits));
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = decode(value_of_bits(dtype, static_cast<std::uint16_t>(i)));
  add_up<Bits>(
      bytes, layout, block, [&](Bits bits) { return table[bits]; }, image);
}

void add_up_any(const ConstArrayView& array, const ArrayInfo& info, const Layout& layout, std::size_t block, LightImage& image) {
  const Decoder decode(array.dtype(), info);
  const std::byte* bytes = array.bytes().data();
  const auto light = [&](auto value) { return decode(static_cast<double>(value)); };
  switch (array.dtype()) {
    case DType::Bool:
    case DType::UInt8:
    case DType::Int8: return add_up_by_table<std::uint8_t>(array.dtype(), decode, bytes, layout, block, image);
    case DType::UInt16:
    case DType::Int16:
    case DType::Float16:
    case DType::BFloat16: return add_up_by_table<std::uint16_t>(array.dtype(), decode, bytes, layout, block, image);
    case DType::UInt32: return add_up<std::uint32_t>(bytes, layout, block, light, image);
    case DType::Int32: return add_up<std::int32_t>(bytes, layout, block, light, image);
    case DType::UInt64: return add_up<std::uint64_t>(bytes, layout, block, light, image);
    case DType::Int64: return add_up<std::int64_t>(bytes, layout, block, light, image);
    case DType::Float32: return add_up<float>(bytes, layout, block, light, image);
    case DType::Float64: return add_up<double>(bytes, layout, block, light, image);
    case DType::Complex64:
    case DType::Complex128: break;
  }
  throw cli::Failure(fmt::format("there is no picture of {}", name(array.dtype())));
}

}  // namespace

LightImage shrink_to_light(const ConstArrayView& array, const ArrayInfo& info, std::size_t most_pixels) {
  const Layout layout = layout_of(array.spec(), info);
  const std::size_t block = (std::max(layout.width, layout.height) + most_pixels - 1) / most_pixels;
  LightImage image{
      .width = (layout.width + block - 1) / block, .height = (layout.height + block - 1) / block, .channels = layout.channels};
  image.values.resize(image.width * image.height * image.channels);
  add_up_any(array, info, layout, block, image);
  for (std::size_t y = 0; y < image.height; ++y) {
    const std::size_t rows = std::min(block, layout.height - y * block);
    for (std::size_t x = 0; x < image.width; ++x) {
      const auto pixels = static_cast<float>(rows * std::min(block, layout.width - x * block));
      for (std::size_t c = 0; c < image.channels; ++c) image.at(y * image.width + x, c) /= pixels;
    }
  }
  return image;
}

}  // namespace arraywire::images
