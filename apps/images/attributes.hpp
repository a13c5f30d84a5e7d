// A file's attributes as a message's, and back. docs/images.md says what becomes of which type.
#pragma once

#include "arraywire/metadata.hpp"

#include <OpenImageIO/imageio.h>

#include <string>
#include <string_view>
#include <vector>

namespace arraywire::images {

// Integer, Real and Text stand for int, float and string. Of every other type this attribute says what it was, as a JSON object
// from name to type ("double", "float*2", "uint:timecode[2]").
inline constexpr std::string_view kTypesKey = "image:types";

// 1: colours are not multiplied by alpha. OpenImageIO's own name.
inline constexpr const char* kUnassociated = "oiio:UnassociatedAlpha";

// Adds what can travel to `to`, under the file's own names; the names of the others to `left_behind`.
void take_attributes(const OIIO::ParamValueList& from, Attributes& to, std::vector<std::string>& left_behind);

// The opposite. Names that start with "image:" are not the file's.
void give_attributes(const Attributes& from, OIIO::ImageSpec& to);

}  // namespace arraywire::images
