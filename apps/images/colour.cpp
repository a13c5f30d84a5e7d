#include "images/colour.hpp"

#include "images/attribute_types.hpp"
#include "images/png_colour.hpp"

#include <OpenImageIO/strutil.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace arraywire::images {
namespace {

using OIIO::TypeDesc;

// ITU-T H.273, table 2.
struct Primaries {
  std::uint8_t code;
  Chromaticities values;
};
constexpr std::array<Primaries, 4> kPrimaries = {{{1, {0.640F, 0.330F, 0.300F, 0.600F, 0.150F, 0.060F, 0.3127F, 0.3290F}},
                                                  {9, {0.708F, 0.292F, 0.170F, 0.797F, 0.131F, 0.046F, 0.3127F, 0.3290F}},
                                                  {12, {0.680F, 0.320F, 0.265F, 0.690F, 0.150F, 0.060F, 0.3127F, 0.3290F}},
                                                  {11, {0.680F, 0.320F, 0.265F, 0.690F, 0.150F, 0.060F, 0.3140F, 0.3510F}}}};

// OpenImageIO's names of spaces that have code points.
struct Space {
  const char* name;
  Colour colour;
};
constexpr std::array<Space, 5> kSpaces = {{{"Linear", {.primaries = kBt709, .transfer = kLinear, .matrix = 0}},
                                           {"lin_srgb", {.primaries = kBt709, .transfer = kLinear, .matrix = 0}},
                                           {"scene_linear", {.primaries = kBt709, .transfer = kLinear, .matrix = 0}},
                                           {"sRGB", kSrgbColour},
                                           {"Rec709", {.primaries = kBt709, .transfer = 1, .matrix = 0}}}};

std::optional<Chromaticities> chromaticities_of(const OIIO::ImageSpec& spec) {
  const OIIO::ParamValue* value = spec.find_attribute("chromaticities", TypeDesc(TypeDesc::FLOAT, 8));
  if (value == nullptr) return std::nullopt;
  Chromaticities found{};
  std::copy_n(static_cast<const float*>(value->data()), found.size(), found.begin());
  return found;
}

// OpenImageIO calls integers sRGB that say nothing, or have a profile that nobody has looked into.
bool is_believable(const std::string& name, const std::string& format, const OIIO::ImageSpec& spec) {
  constexpr int kExifSrgb = 1;
  if (!OIIO::Strutil::iequals(name, "sRGB")) return true;
  if (spec.find_attribute("ICCProfile") != nullptr) return false;
  return spec.get_int_attribute("Exif:ColorSpace", format == "tiff" ? 0 : kExifSrgb) == kExifSrgb;
}

// As text, because most formats hold no arrays.
void give_cicp(const Colour& colour, OIIO::ImageSpec& to) {
  to.attribute("CICP",
               fmt::format("{}, {}, {}, {}", colour.primaries, colour.transfer, colour.matrix, colour.full_range ? 1 : 0));
}

// "Linear" is gamma 1, which says nothing of primaries.
void give_png_colour(const Colour& colour, OIIO::ImageSpec& to) {
  constexpr Colour kGammaOne{.primaries = kUnspecified, .transfer = kLinear, .matrix = 0};
  if (colour.transfer == kLinear) to.attribute("oiio:ColorSpace", "Linear");
  if (colour == kSrgbColour) to.attribute("oiio:ColorSpace", "sRGB");
  if (colour != kSrgbColour && colour != kGammaOne) give_cicp(colour, to);
}

}  // namespace

std::uint8_t primaries_code(const Chromaticities& wanted) {
  constexpr float kTolerance = 0.0005F;  // three places are written in the tables
  const auto close = [](float a, float b) { return std::abs(a - b) <= kTolerance; };
  for (const Primaries& known : kPrimaries) {
    if (std::equal(wanted.begin(), wanted.end(), known.values.begin(), close)) return known.code;
  }
  return kUnspecified;
}

std::optional<Colour> said_by_cicp(const OIIO::ImageSpec& spec) {
  const OIIO::ParamValue* value = spec.find_attribute("CICP");
  if (value == nullptr) return std::nullopt;
  std::array<int, 4> numbers{};
  if (value->type() == TypeDesc(TypeDesc::INT, 4)) {
    std::copy_n(static_cast<const int*>(value->data()), numbers.size(), numbers.begin());
  } else if (value->type() == TypeDesc::STRING) {
    const auto bytes = value_of(TypeDesc(TypeDesc::INT, 4), value->get<OIIO::ustring>().string());
    if (!bytes) return std::nullopt;
    std::copy_n(reinterpret_cast<const int*>(bytes->data()), numbers.size(), numbers.begin());
  }
  const bool valid = std::all_of(numbers.begin(), numbers.end(), [](int n) { return n >= 0 && n <= 255; });
  if (!valid) return std::nullopt;
  return Colour{.primaries = static_cast<std::uint8_t>(numbers[0]),
                .transfer = static_cast<std::uint8_t>(numbers[1]),
                .matrix = static_cast<std::uint8_t>(numbers[2]),
                .full_range = numbers[3] != 0};
}

std::string take_colour(const std::string& path, const std::string& format, const OIIO::ImageSpec& from, ArrayInfo& to) {
  const PngColour chunks = format == "png" ? png_colour(path) : PngColour{};
  to.colour = chunks.from_cicp ? chunks.colour : said_by_cicp(from);
  if (to.colour) return {};
  const std::string name(from.get_string_attribute("oiio:ColorSpace"));
  if (format == "png") {
    to.colour = chunks.colour;
    if (chunks.gamma_only) to.colour_space = name;
    return chunks.lost ? "primaries (cHRM)" : "";
  }
  if (name.empty() || !is_text(name) || !is_believable(name, format, from)) return {};
  for (const Space& known : kSpaces) {
    if (OIIO::Strutil::iequals(name, known.name)) to.colour = known.colour;
  }
  if (!to.colour) {
    to.colour_space = name;
    return {};
  }
  if (const auto chromaticities = chromaticities_of(from)) to.colour->primaries = primaries_code(*chromaticities);
  return {};
}

void give_colour(const ArrayInfo& from, const std::string& format, OIIO::ImageSpec& to) {
  if (!from.colour_space.empty()) to.attribute("oiio:ColorSpace", from.colour_space);
  if (!from.colour) return;
  const Colour& colour = *from.colour;
  if (format == "png") return give_png_colour(colour, to);
  const char* name = nullptr;
  for (const Space& known : kSpaces) {
    if (name == nullptr && known.colour.transfer == colour.transfer) name = known.name;
  }
  const auto primaries =
      std::find_if(kPrimaries.begin(), kPrimaries.end(), [&](const Primaries& known) { return known.code == colour.primaries; });
  const bool said = chromaticities_of(to).has_value();  // by the attributes: they are more exact than a code
  if (!said && primaries != kPrimaries.end() && colour.primaries != kBt709) {
    to.attribute("chromaticities", TypeDesc(TypeDesc::FLOAT, 8), primaries->values.data());
  }
  if (name != nullptr) to.attribute("oiio:ColorSpace", name);
  const bool primaries_said = colour.primaries == kBt709 || said || primaries != kPrimaries.end();
  if (name != nullptr && primaries_said && colour.matrix == 0 && colour.full_range) return;
  give_cicp(colour, to);
}

}  // namespace arraywire::images
