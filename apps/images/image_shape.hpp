// Which arrays are images.
#pragma once

#include "arraywire/array_view.hpp"

namespace arraywire::images {

struct ImageShape {
  int height = 0, width = 0, channels = 0;
};

// 2-D is one channel, 3-D is height x width x channels. Throws Failure for other arrays, and for those without elements.
ImageShape image_shape(const ArraySpec& spec);

}  // namespace arraywire::images
