// A file's colour space as H.273 code points where there are some, and back.
#pragma once

#include "arraywire/metadata.hpp"

#include <OpenImageIO/imageio.h>

namespace arraywire::images {

void take_colour(const OIIO::ImageSpec& from, ArrayInfo& to);
// What neither the format nor OpenImageIO has a word for goes into an attribute "CICP" of four numbers, which take_colour reads.
void give_colour(const ArrayInfo& from, OIIO::ImageSpec& to);

}  // namespace arraywire::images
