// Transfer functions of ITU-T H.273, as far as pictures are made of them.
#pragma once

#include <cstdint>

namespace arraywire::images {

// H.273, table 3.
inline constexpr std::uint8_t kTransferUnspecified = 2, kTransferGamma22 = 4, kTransferGamma28 = 5, kTransferLinear = 8,
                              kTransferPq = 16, kTransferHlg = 18;

// Light of a code value: 1 is reference white, which PQ and HLG go far beyond. HLG gives the light of the scene, 1 its peak. What
// has no rule of its own here is taken as sRGB, so that it is shown as it is.
double light_of(std::uint8_t transfer, double code) noexcept;

// HLG's display light, 1 = reference white, is its scene light times this factor. `luminance` is of the scene.
double hlg_gain(double luminance) noexcept;

// The sRGB code value of display light, both 0 to 1.
float srgb_code(float light) noexcept;

}  // namespace arraywire::images
