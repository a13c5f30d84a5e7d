// What a PNG says of its colours, in chunks that OpenImageIO reads wrongly, or not at all.
#pragma once

#include "arraywire/metadata.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace arraywire::images {

struct PngColour {
  std::optional<Colour> colour{};  // where the chunks have code points for it
  bool from_cicp = false;
  bool gamma_only = false;  // OpenImageIO has a name for that: "Gamma2.2"
  bool lost = false;        // its primaries are none that have a code point
};

// By the first of cICP, iCCP (which has no code points), sRGB, and gAMA with cHRM. Of a damaged file what comes before the
// damage.
PngColour png_colour(const std::string& path);

// The chunk that says it; its place is after the first one.
std::vector<std::byte> cicp_chunk(const Colour& colour);
inline constexpr std::size_t kPngFirstChunkEnd = 33;

}  // namespace arraywire::images
