#include "images/geometry.hpp"

#include "images/attribute_types.hpp"

#include <fmt/format.h>

#include <limits>
#include <string>
#include <string_view>

namespace arraywire::images {
namespace {

using OIIO::TypeDesc;

constexpr int kMostTile = 16384;

// A number that fits an int, or `otherwise`.
int number_or(const Attributes& from, std::string_view key, int otherwise) {
  const AttributeValue* value = from.find(key);
  const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
  // Ends of windows are computed in 32 bits by others.
  constexpr std::int64_t kMost = std::numeric_limits<int>::max() / 4;
  return number != nullptr && *number >= -kMost && *number <= kMost ? static_cast<int>(*number) : otherwise;
}

}  // namespace

void take_geometry(const OIIO::ImageSpec& from, Attributes& to) {
  if (from.x != 0) to.set("image:x", from.x);
  if (from.y != 0) to.set("image:y", from.y);
  if (from.full_x != 0) to.set("image:full_x", from.full_x);
  if (from.full_y != 0) to.set("image:full_y", from.full_y);
  if (from.full_width != from.width) to.set("image:full_width", from.full_width);
  if (from.full_height != from.height) to.set("image:full_height", from.full_height);
  if (from.tile_width > 0 && from.tile_height > 0) {
    to.set("image:tile_width", from.tile_width);
    to.set("image:tile_height", from.tile_height);
  }
  std::string formats;
  for (const TypeDesc& format : from.channelformats) formats += fmt::format("{}{}", formats.empty() ? "" : ",", format.c_str());
  if (!formats.empty()) to.set("image:channel_formats", std::string_view(formats));
}

void give_geometry(const Attributes& from, OIIO::ImageSpec& to) {
  to.x = number_or(from, "image:x", 0);
  to.y = number_or(from, "image:y", 0);
  to.full_x = number_or(from, "image:full_x", 0);
  to.full_y = number_or(from, "image:full_y", 0);
  to.full_width = number_or(from, "image:full_width", to.width);
  to.full_height = number_or(from, "image:full_height", to.height);
  const int tile_width = number_or(from, "image:tile_width", 0);
  const int tile_height = number_or(from, "image:tile_height", 0);
  if (tile_width < 1 || tile_height < 1 || tile_width > kMostTile || tile_height > kMostTile) return;
  to.tile_width = tile_width;
  to.tile_height = tile_height;
  to.tile_depth = 1;
}

void give_channel_formats(const Attributes& from, OIIO::ImageSpec& to) {
  const AttributeValue* value = from.find("image:channel_formats");
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
  if (text == nullptr) return;
  std::vector<TypeDesc> formats;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    const std::string_view name = rest.substr(0, comma);
    TypeDesc format;
    for (const TypeDesc::BASETYPE known : {TypeDesc::HALF, TypeDesc::FLOAT, TypeDesc::UINT}) {
      if (name == TypeDesc(known).c_str()) format = TypeDesc(known);
    }
    if (format == TypeDesc::UNKNOWN) return;
    formats.push_back(format);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  if (formats.size() == static_cast<std::size_t>(to.nchannels)) to.channelformats = std::move(formats);
}

}  // namespace arraywire::images
