// An array as small linear light: averaged over square blocks, whatever its dtype, transfer and channels.
#pragma once

#include "arraywire/array_view.hpp"
#include "arraywire/metadata.hpp"

#include <cstddef>
#include <vector>

namespace arraywire::images {

inline constexpr float kMostLight = 65504;  // the largest half; more makes no other picture, but may make sums infinite

struct LightImage {
  std::size_t width = 0, height = 0;
  std::size_t channels = 1;     // 1: grey; 3: red, green, blue
  std::vector<float> values{};  // 1 = reference white; finite
  float& at(std::size_t pixel, std::size_t channel) { return values[pixel * channels + channel]; }
};

// The channels named R, G and B, or those of the first layer that has them (beauty.R), else the first three that are not A or Z;
// of fewer than three the first. Blocks are as large as
// neither side of the result is beyond `most_pixels`. What is not finite counts as nothing. Throws Failure for what is no image.
LightImage shrink_to_light(const ConstArrayView& array, const ArrayInfo& info, std::size_t most_pixels);

}  // namespace arraywire::images
