// A picture that a person can look at: small, 8-bit sRGB, tone-mapped where the array has more light than a screen.
#pragma once

#include "arraywire/array_view.hpp"
#include "arraywire/metadata.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace arraywire::images {

struct Picture {
  std::size_t width = 0, height = 0, channels = 1;
  std::vector<std::uint8_t> codes{};
};

// docs/images.md says how. Throws Failure for what is no image.
Picture render_preview(const ConstArrayView& array, const ArrayInfo& info);

// The file gets its name when it is complete. Throws Failure naming it.
void write_png(const std::filesystem::path& target, const Picture& picture);

}  // namespace arraywire::images
