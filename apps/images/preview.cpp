#include "images/preview.hpp"

#include "cli/pending_file.hpp"
#include "cli/values.hpp"
#include "images/encoder.hpp"
#include "images/library.hpp"
#include "images/light.hpp"
#include "images/transfer.hpp"

#include <OpenImageIO/imageio.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace arraywire::images {
namespace {

constexpr std::size_t kMostPixels = 960;
using Matrix = std::array<std::array<float, 3>, 3>;

// To the primaries of BT.709, from those of BT.2020 (ITU-R BT.2087) and of Display P3 (SMPTE EG 432-1).
constexpr Matrix kFromBt2020 = {
    {{1.660491F, -0.587641F, -0.072850F}, {-0.124550F, 1.132900F, -0.008349F}, {-0.018151F, -0.100579F, 1.118730F}}};
constexpr Matrix kFromP3 = {{{1.224940F, -0.224940F, 0.0F}, {-0.042057F, 1.042057F, 0.0F}, {-0.019638F, -0.078636F, 1.098274F}}};

const Matrix* to_bt709(std::uint8_t primaries) {
  if (primaries == 9) return &kFromBt2020;
  return primaries == 11 || primaries == 12 ? &kFromP3 : nullptr;
}

float luminance(const float* pixel, std::size_t channels, std::uint8_t primaries) {
  if (channels == 1) return pixel[0];
  if (primaries == 9) return 0.2627F * pixel[0] + 0.6780F * pixel[1] + 0.0593F * pixel[2];
  return 0.2126F * pixel[0] + 0.7152F * pixel[1] + 0.0722F * pixel[2];
}

void apply_hlg_gain(LightImage& image, std::uint8_t primaries) {
  for (std::size_t i = 0; i < image.width * image.height; ++i) {
    float* pixel = &image.at(i, 0);
    const auto gain = static_cast<float>(hlg_gain(double{luminance(pixel, image.channels, primaries)}));
    for (std::size_t c = 0; c < image.channels; ++c) pixel[c] *= gain;
  }
}

void change_primaries(LightImage& image, const Matrix& matrix) {
  for (std::size_t i = 0; i < image.width * image.height; ++i) {
    float* pixel = &image.at(i, 0);
    const std::array<float, 3> before = {pixel[0], pixel[1], pixel[2]};
    for (std::size_t c = 0; c < 3; ++c) {
      pixel[c] = std::max(0.0F, matrix[c][0] * before[0] + matrix[c][1] * before[1] + matrix[c][2] * before[2]);
    }
  }
}

// Of at least one value.
float percentile(std::vector<float> values, double share) {
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

constexpr double kAllButSparks = 0.9995;

// Files say that 1 is white, and mostly mean it. Where the brightest light is far below that, or most light far above (counts of
// a detector), it is scaled there. A few lamps, or a small bright thing on black, change nothing.
float exposure(const std::vector<float>& light) {
  constexpr float kDark = 0.03F, kBright = 100;
  const float most = percentile(light, kAllButSparks);
  if (most > 0 && most < kDark) return 1 / most;
  return percentile(light, 0.5) > kBright ? 1 / percentile(light, 0.99) : 1;
}

// Up to the knee nothing changes; above it Reinhard et al. 2002, equation 4, so that `white` becomes 1. Of each channel alone:
// what is far too bright turns white, as on film, instead of a colour that it never had.
float compressed(float light, float knee, float white) {
  if (light <= knee) return light;
  const float above = (light - knee) / (1 - knee);
  const float most = (white - knee) / (1 - knee);
  return knee + (1 - knee) * std::min(1.0F, above * (1 + above / (most * most)) / (1 + above));
}

void tone_map(LightImage& image, bool scene) {
  // Infinity is no measure of anything.
  std::vector<float> light;
  std::copy_if(image.values.begin(), image.values.end(), std::back_inserter(light), [](float v) { return v < kMostLight; });
  if (light.empty()) light = {1};
  const float gain = scene ? exposure(light) : 1;
  // Scenes are mostly below white with few lights above; graded pictures use the whole range.
  const float knee = scene ? 0.5F : 0.2F;
  // A picture without such light stays as it is: with white at 1 the curve is a straight line.
  const float white = std::max(1.0F, gain * percentile(light, kAllButSparks));
  for (float& value : image.values) value = compressed(gain * value, knee, white);
}

bool holds_scene_light(const ConstArrayView& array, std::uint8_t transfer) {
  const DType dtype = array.dtype();
  const bool floating = dtype == DType::Float16 || dtype == DType::BFloat16 || dtype == DType::Float32 || dtype == DType::Float64;
  return floating && (transfer == kTransferLinear || transfer == kTransferUnspecified);
}

}  // namespace

Picture render_preview(const ConstArrayView& array, const ArrayInfo& info) {
  LightImage image = shrink_to_light(array, info, kMostPixels);
  const Colour colour = info.colour.value_or(Colour{});
  if (colour.transfer == kTransferHlg) apply_hlg_gain(image, colour.primaries);
  const Matrix* matrix = to_bt709(colour.primaries);
  if (matrix != nullptr && image.channels == 3) change_primaries(image, *matrix);
  const bool scene = holds_scene_light(array, colour.transfer);
  if (scene || colour.transfer == kTransferPq || colour.transfer == kTransferHlg) tone_map(image, scene);
  Picture picture{.width = image.width, .height = image.height, .channels = image.channels};
  picture.codes.reserve(image.values.size());
  for (const float light : image.values) picture.codes.push_back(static_cast<std::uint8_t>(std::lround(255 * srgb_code(light))));
  return picture;
}

void write_png(const std::filesystem::path& target, const Picture& picture) {
  const SignalsBlocked blocked;
  cli::PendingFile file(target);
  OIIO::ImageSpec spec(static_cast<int>(picture.width), static_cast<int>(picture.height), static_cast<int>(picture.channels),
                       OIIO::TypeDesc::UINT8);
  spec.attribute("oiio:ColorSpace", "sRGB");
  spec.attribute("png:compressionLevel", 3);
  try {
    encode(file, "png", spec, {.data = picture.codes.data()});
  } catch (const cli::Failure& failure) {
    const std::string text = failure.what();
    if (text.starts_with(target.string())) throw;
    throw cli::Failure(fmt::format("{}: {}", target.string(), text));
  }
  file.complete();
}

}  // namespace arraywire::images
