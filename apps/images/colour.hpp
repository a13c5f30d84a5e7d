// A file's colour space as H.273 code points where there are some, and back.
#pragma once

#include "arraywire/metadata.hpp"

#include <OpenImageIO/imageio.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace arraywire::images {

using Chromaticities = std::array<float, 8>;  // red, green, blue, white: x and y of each

inline constexpr std::uint8_t kUnspecified = 2, kBt709 = 1, kLinear = 8, kSrgb = 13;  // ITU-T H.273
inline constexpr Colour kSrgbColour{.primaries = kBt709, .transfer = kSrgb, .matrix = 0};

std::uint8_t primaries_code(const Chromaticities& wanted);  // kUnspecified: not in the table

// Returns what of it has no place in `to`, in words; empty: nothing.
std::string take_colour(const std::string& path, const std::string& format, const OIIO::ImageSpec& from, ArrayInfo& to);
// What neither the format nor OpenImageIO has a word for goes into an attribute "CICP" of four numbers, which take_colour reads,
// and which the encoder makes a chunk of where the format is PNG.
void give_colour(const ArrayInfo& from, const std::string& format, OIIO::ImageSpec& to);
std::optional<Colour> said_by_cicp(const OIIO::ImageSpec& spec);

}  // namespace arraywire::images
