// What is in the header of an EXR that OpenImageIO passes over.
#pragma once

#include <OpenImageIO/imageio.h>

#include <string>
#include <vector>

namespace arraywire::images {

// The names of the first part's attributes that `spec`, as read from this file, does not have: empty strings, previews, and types
// that OpenImageIO does not know. Of a damaged file those before the damage.
std::vector<std::string> exr_passed_over(const std::string& path, const OIIO::ImageSpec& spec);

}  // namespace arraywire::images
