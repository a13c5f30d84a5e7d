// Where an image's pixels lie, and how they are stored: data and display window, tiles, types of single channels.
#pragma once

#include "arraywire/metadata.hpp"

#include <OpenImageIO/imageio.h>

namespace arraywire::images {

// Adds attributes named "image:..." for what is not as usual: docs/images.md lists them.
void take_geometry(const OIIO::ImageSpec& from, Attributes& to);
void give_geometry(const Attributes& from, OIIO::ImageSpec& to);

// Channels of narrower types than the array's, in files that can have that. Their values must fit: who writes has to check.
void give_channel_formats(const Attributes& from, OIIO::ImageSpec& to);

}  // namespace arraywire::images
