#include "images/writer.hpp"

#include "cli/pending_file.hpp"
#include "cli/values.hpp"
#include "images/attributes.hpp"
#include "images/channel_order.hpp"
#include "images/child.hpp"
#include "images/colour.hpp"
#include "images/encoder.hpp"
#include "images/geometry.hpp"
#include "images/image_shape.hpp"
#include "images/library.hpp"
#include "images/reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

namespace arraywire::images {
namespace {

using cli::Failure;

constexpr const char* kBits = "oiio:BitsPerSample";
constexpr std::array<std::pair<std::string_view, const char*>, 6> kFormats = {
    {{".exr", "openexr"}, {".tif", "tiff"}, {".tiff", "tiff"}, {".png", "png"}, {".dpx", "dpx"}, {".hdr", "hdr"}}};

std::string format_of(const std::string& extension) {
  for (const auto& [known, format] : kFormats) {
    if (OIIO::Strutil::iequals(extension, std::string(known))) return format;
  }
  throw cli::UsageError(fmt::format("'{}' is no format that keeps every bit: .exr, .tif, .tiff, .png, .dpx or .hdr", extension));
}

// Compressions that give every value back. OpenImageIO reads their names in any case, and a level after a colon.
bool is_exact(const std::string& compression, const std::string& format, OIIO::TypeDesc type) {
  using Names = std::vector<std::string_view>;
  static const Names exr = {"none", "rle", "zip", "zips", "piz"}, tiff = {"none", "lzw", "zip", "packbits"};
  const std::string method = OIIO::Strutil::lower(compression.substr(0, compression.find(':')));
  if (method == "pxr24" && format == "openexr") return type != OIIO::TypeDesc::FLOAT;
  const Names& names = format == "tiff" ? tiff : exr;
  return std::find(names.begin(), names.end(), method) != names.end();
}

void check_channel_names(const std::vector<std::string>& names) {
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (name.empty()) throw Failure("a channel has an empty name");
    if (!seen.insert(name).second) throw Failure(fmt::format("two channels have the name '{}'", name));
  }
}

std::int64_t number_in(const Attributes& attributes, std::string_view name) {
  const AttributeValue* value = attributes.find(name);
  const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
  return number == nullptr ? 0 : *number;
}

bool same(const AttributeValue& a, const AttributeValue& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  return a == b || (x != nullptr && y != nullptr && std::isnan(*x) && std::isnan(*y));
}

// Of the formats themselves: another one cannot keep it, and nobody misses it.
bool is_of_a_format(std::string_view name) {
  for (const std::string_view prefix : {"oiio:", "openexr:", "tiff:", "png:", "hdr:", "jpeg:", "image:types"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The elements where OpenImageIO can read them: rows may be padded, pixels not.
ConstArrayView with_whole_pixels(const ConstArrayView& array, std::vector<std::byte>& storage) {
  const auto& strides = array.spec().stride_bytes;
  const auto element = static_cast<std::int64_t>(size_bytes(array.dtype()));
  const bool whole = strides.size() < 3 || strides[2] == element || array.shape()[2] == 1;
  if (strides.empty() || whole) return array;
  const ArraySpec packed{.dtype = array.dtype(), .shape = array.shape()};
  storage.resize(checked_extent_bytes(packed));
  copy_elements(array, ArrayView(packed, storage));
  return {packed, storage};
}

}  // namespace

Writer::Writer(const std::string& extension) : format_(format_of(extension)) {}

OIIO::ImageSpec Writer::header(const ConstArrayView& array, const Attributes& attributes, const ArrayInfo& info) const {
  const auto type = type_of(array.dtype());
  if (!type) throw Failure(fmt::format("no image file holds {}", name(array.dtype())));
  constexpr int kNamedByHabit = 4;  // R, G, B, A
  const ImageShape shape = image_shape(array.spec());
  OIIO::ImageSpec spec(shape.width, shape.height, shape.channels, *type);
  give_attributes(attributes, spec);
  give_geometry(attributes, spec);
  give_colour(info, format_, spec);
  if (info.channel_names.size() == static_cast<std::size_t>(shape.channels)) {
    check_channel_names(info.channel_names);
    spec.channelnames = info.channel_names;
  } else if (shape.channels > kNamedByHabit) {
    // OpenImageIO's own names go from channel9 to channel10, and EXR sorts by name.
    for (int i = kNamedByHabit; i < shape.channels; ++i)
      spec.channelnames[static_cast<std::size_t>(i)] = fmt::format("channel{:04}", i);
  }
  if (!info.channel_names.empty()) {
    const auto alpha = std::find(spec.channelnames.begin(), spec.channelnames.end(), "A");
    spec.alpha_channel = alpha == spec.channelnames.end() ? -1 : static_cast<int>(alpha - spec.channelnames.begin());
  }
  const std::string compression(spec.get_string_attribute("compression"));
  const bool compresses = format_ == "openexr" || format_ == "tiff";
  if (compresses && !compression.empty() && !is_exact(compression, format_, spec.format)) spec.attribute("compression", "zip");
  // Colours are never divided by alpha, which would round them.
  if (format_ == "png") spec.attribute(kUnassociated, 1);
  // Without a date writers put in that of now; of another type than text they leave it out.
  if (spec.find_attribute("DateTime") == nullptr) spec.attribute("DateTime", 0);
  // OpenImageIO reads a TIFF with Exif data as sRGB unless they say otherwise.
  constexpr int kUncalibrated = 0xffff;
  if (format_ == "tiff" && info.colour && info.colour->transfer != kSrgb) spec.attribute("Exif:ColorSpace", kUncalibrated);
  // Asks for a conversion to other colours.
  spec.erase_attribute("tiff:ColorSpace");
  if (format_ == "tiff" && array.dtype() == DType::Float16) spec.attribute("tiff:half", 1);
  if (format_ == "png" && array.dtype() != DType::UInt8 && array.dtype() != DType::UInt16)
    refuse(array.dtype());  // or libpng prints
  return spec;
}

void Writer::refuse(DType dtype) const {
  throw Failure(fmt::format("{} cannot hold {} without converting it", format_, name(dtype)));
}

bool Writer::comes_back(const std::string& path, const ConstArrayView& array) const {
  Reader reader(path);
  if (reader.spec().dtype != array.dtype() || element_count(reader.spec()) != element_count(array.spec())) return false;
  const ArraySpec packed{.dtype = array.dtype(), .shape = array.shape()};
  std::vector<std::byte> got(checked_extent_bytes(packed));
  reader.read(ArrayView(reader.spec(), got));
  if (array.contiguous()) return std::ranges::equal(got, array.bytes());
  std::vector<std::byte> wanted(got.size());
  copy_elements(array, ArrayView(packed, wanted));
  return got == wanted;
}

// Formats and settings by which a writer may round.
bool Writer::may_change(const OIIO::ImageSpec& spec) const {
  const int bits = spec.get_int_attribute(kBits);
  return format_ == "hdr" || format_ == "dpx" || !spec.channelformats.empty() ||
         (bits != 0 && bits != static_cast<int>(8 * spec.format.size()));
}

void Writer::encode_exactly(const cli::PendingFile& file, const OIIO::ImageSpec& spec, const ConstArrayView& array) const {
  const auto& strides = array.spec().stride_bytes;
  const Pixels pixels{.data = array.bytes().data(),
                      .pixel_stride = strides.empty() ? OIIO::AutoStride : strides[1],
                      .row_stride = strides.empty() ? OIIO::AutoStride : strides[0]};
  if (!encode(file, format_, spec, pixels)) refuse(array.dtype());
  if (!may_change(spec)) return;
  try {
    if (comes_back(file.path(), array)) return;
  } catch (const Failure&) {  // of channels that no array holds together
  }
  // The file that it came from had fewer bits; its pixels have become others since.
  OIIO::ImageSpec full = spec;
  full.channelformats.clear();
  full.erase_attribute(kBits);
  if (!encode(file, format_, full, pixels)) refuse(array.dtype());
  if (!may_change(full) || comes_back(file.path(), array)) return;
  throw Failure(fmt::format("{} cannot hold this {} array exactly", format_, name(array.dtype())));
}

std::string Writer::not_in(const std::string& path, const Attributes& attributes, const ArrayInfo& info) const {
  std::vector<std::string> missing;
  Metadata got;
  Reader reader(path);
  reader.describe(got);
  for (const Attributes::Entry& entry : attributes) {
    if (is_of_a_format(entry.key)) continue;
    const AttributeValue* value = got.attributes.find(entry.key);
    if (value == nullptr || !same(*value, entry.value)) missing.push_back(one_line(entry.key));
  }
  // EXR sorts them.
  if (!info.channel_names.empty() && sorted(info.channel_names) != sorted(got.arrays[0].channel_names))
    missing.emplace_back("channel names");
  const ArrayInfo& said = got.arrays[0];
  if (info.colour && info.colour != said.colour) missing.emplace_back("colour");
  if (!info.colour_space.empty() && info.colour_space != said.colour_space) missing.emplace_back("colour space");
  const auto all_bits = static_cast<std::int64_t>(8 * size_bytes(reader.spec().dtype));
  if (info.significant_bits != 0 && info.significant_bits < all_bits) missing.emplace_back("significant bits");
  const std::int64_t bits = number_in(attributes, kBits);
  if (bits > 0 && bits < all_bits && bits != number_in(got.attributes, kBits)) missing.emplace_back(kBits);
  const bool alpha = std::find(said.channel_names.begin(), said.channel_names.end(), "A") != said.channel_names.end();
  if (alpha && attributes.find(kUnassociated) != nullptr &&
      number_in(attributes, kUnassociated) != number_in(got.attributes, kUnassociated))
    missing.emplace_back("whether colours are multiplied by alpha");
  return fmt::format("{}", fmt::join(missing, "\n"));
}

bool Writer::is_new(const Attributes& attributes) {
  std::vector<std::string> names;
  for (const Attributes::Entry& entry : attributes) names.push_back(entry.key);
  if (looked_for_ && names == *looked_for_) return false;
  looked_for_ = std::move(names);
  return true;
}

// The array where OpenImageIO can read it, and its channels in the order that the format wants; in `info`, too.
ConstArrayView Writer::in_order(const ConstArrayView& array, ArrayInfo& info) {
  const int channels = image_shape(array.spec()).channels;
  if (format_ == "openexr" || array.shape().size() != 3 || info.channel_names.size() != static_cast<std::size_t>(channels))
    return with_whole_pixels(array, packed_);
  const std::vector<std::size_t> order = habitual_order(info.channel_names);
  if (order.empty()) return with_whole_pixels(array, packed_);
  std::vector<std::string> names;
  for (const std::size_t index : order) names.push_back(info.channel_names[index]);
  info.channel_names = std::move(names);
  return reordered(array, order, packed_);
}

std::vector<std::string> Writer::write(const std::filesystem::path& target, const ConstArrayView& array,
                                       const Attributes& attributes, const ArrayInfo& info) {
  cli::PendingFile file(target);
  std::string error;
  try {
    const bool look = is_new(attributes);
    ArrayInfo stored = info;
    const ConstArrayView pixels = in_order(array, stored);
    const auto missing = run_in_child(
        [&] {
          use_all_processors();
          OIIO::ImageSpec spec = header(pixels, attributes, stored);
          give_channel_formats(attributes, spec);
          encode_exactly(file, spec, pixels);
          return look ? not_in(file.path(), attributes, stored) : std::string();
        },
        -1, limits_for(array.bytes().size()));
    file.complete();
    return lines_of(*missing);
  } catch (const std::exception& problem) {
    error = problem.what();
  }
  // It was written under another name.
  replace_all(error, file.path().string(), target.string());
  throw Failure(error.starts_with(target.string() + ":") ? error : fmt::format("{}: {}", target.string(), error));
}

}  // namespace arraywire::images
