// Pixels into a file, with the disk's errors noticed.
#pragma once

#include "cli/pending_file.hpp"

#include <OpenImageIO/imageio.h>

#include <cstdint>
#include <string>

namespace arraywire::images {

// Where pixels lie; strides in bytes, or OIIO::AutoStride.
struct Pixels {
  const void* data = nullptr;
  std::int64_t pixel_stride = OIIO::AutoStride, row_stride = OIIO::AutoStride;
};

// Replaces what is in `file` by an image of OpenImageIO's format `format`. False: the format would convert the pixels to another
// type. Throws Failure.
bool encode(const cli::PendingFile& file, const std::string& format, const OIIO::ImageSpec& spec, const Pixels& pixels);

}  // namespace arraywire::images
