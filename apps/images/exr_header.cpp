#include "images/exr_header.hpp"

#include "cli/descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace arraywire::images {
namespace {

// Of the image itself: they are in the spec, or follow from what is.
constexpr std::array<std::string_view, 9> kOfTheImage = {"channels", "compression", "dataWindow", "displayWindow", "tiles",
                                                         "type",     "chunkCount",  "envmap",     "name"};
// OpenImageIO's own names.
constexpr std::array<std::pair<std::string_view, const char*>, 14> kRenamed = {
    {{"cameraTransform", "worldtocamera"},
     {"worldToCamera", "worldtocamera"},
     {"worldToNDC", "worldtoscreen"},
     {"capDate", "DateTime"},
     {"comments", "ImageDescription"},
     {"owner", "Copyright"},
     {"xDensity", "XResolution"},
     {"expTime", "ExposureTime"},
     {"aperture", "FNumber"},
     {"version", "openexr:version"},
     {"maxSamplesPerPixel", "openexr:maxSamplesPerPixel"},
     {"dwaCompressionLevel", "openexr:dwaCompressionLevel"},
     {"timeCode", "smpte:TimeCode"},
     {"keyCode", "smpte:KeyCode"}}};

bool is_in(const OIIO::ImageSpec& spec, const std::string& name) {
  if (spec.find_attribute(name) != nullptr) return true;
  return std::any_of(kRenamed.begin(), kRenamed.end(),
                     [&](const auto& known) { return known.first == name && spec.find_attribute(known.second) != nullptr; });
}

// Takes what is before the next zero byte; false: there is none.
bool take_text(std::string_view& from, std::string_view& text) {
  const std::size_t end = from.find('\0');
  if (end == std::string_view::npos) return false;
  text = from.substr(0, end);
  from.remove_prefix(end + 1);
  return true;
}

bool take_size(std::string_view& from, std::size_t& size) {
  if (from.size() < 4) return false;
  size = 0;
  for (std::size_t i = 4; i-- > 0;) size = size << 8U | static_cast<std::uint8_t>(from[i]);
  from.remove_prefix(4);
  return true;
}

}  // namespace

std::vector<std::string> exr_passed_over(const std::string& path, const OIIO::ImageSpec& spec) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 20U;
  constexpr std::size_t kMagicAndVersion = 8;
  const cli::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::string bytes(kMostBytes, '\0');
  const ssize_t got = pread(file.get(), bytes.data(), bytes.size(), 0);
  std::string_view rest(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  rest.remove_prefix(std::min(rest.size(), kMagicAndVersion));
  std::vector<std::string> names;
  std::string_view name, type;
  std::size_t size = 0;
  // An empty name ends the header.
  while (take_text(rest, name) && !name.empty() && take_text(rest, type) && take_size(rest, size) && size <= rest.size()) {
    const bool of_the_image = std::find(kOfTheImage.begin(), kOfTheImage.end(), name) != kOfTheImage.end();
    const bool usual_order = name == "lineOrder" && rest.starts_with('\0');
    if (!of_the_image && !usual_order && !is_in(spec, std::string(name))) names.emplace_back(name);
    rest.remove_prefix(size);
  }
  return names;
}

}  // namespace arraywire::images
