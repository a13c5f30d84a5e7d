// Lines of a DPX that are padded to 32 bits, as SMPTE ST 268 wants them: OpenImageIO takes the padding for pixels.
#pragma once

#include <cstdint>
#include <string>

namespace arraywire::images {

struct DpxLines {
  std::int64_t samples = 0, lines = 0;  // width x channels
  int bits = 0;                         // of a sample
};

// False, too, where there is nothing to pad, or the header says how many bytes there are: then they are skipped.
bool has_unsaid_padding(const std::string& path, const DpxLines& image);

}  // namespace arraywire::images
