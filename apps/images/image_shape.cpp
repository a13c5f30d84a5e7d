#include "images/image_shape.hpp"

#include "cli/values.hpp"

#include <fmt/format.h>

#include <limits>

namespace arraywire::images {

ImageShape image_shape(const ArraySpec& spec) {
  const auto& shape = spec.shape;
  if (shape.size() != 2 && shape.size() != 3) {
    throw cli::Failure(fmt::format("{} is no image: height x width, or height x width x channels", to_string(spec)));
  }
  for (const std::int64_t extent : shape) {
    if (extent < 1 || extent > std::numeric_limits<int>::max())
      throw cli::Failure(fmt::format("{} is no image", to_string(spec)));
  }
  return {.height = static_cast<int>(shape[0]),
          .width = static_cast<int>(shape[1]),
          .channels = shape.size() == 3 ? static_cast<int>(shape[2]) : 1};
}

}  // namespace arraywire::images
