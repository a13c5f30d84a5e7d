#include "images/reader.hpp"

#include "cli/descriptor.hpp"
#include "cli/values.hpp"
#include "images/attribute_types.hpp"
#include "images/attributes.hpp"
#include "images/child.hpp"
#include "images/colour.hpp"
#include "images/dpx_lines.hpp"
#include "images/exr_header.hpp"
#include "images/geometry.hpp"
#include "images/library.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace arraywire::images {
namespace {

using cli::Failure;

// Opened without waiting for the writer of a fifo.
cli::Descriptor open_regular(const std::string& path) {
  cli::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0) throw Failure(fmt::format("{}: {}", path, cli::errno_text(errno)));
  if (S_ISDIR(status.st_mode)) throw Failure(path + ": is a directory");
  if (!S_ISREG(status.st_mode)) throw Failure(path + ": is no regular file");
  return file;
}

struct Magic {
  std::string_view bytes;
  const char* format;
};
constexpr std::array<Magic, 10> kMagic = {{{{"\x76\x2f\x31\x01", 4}, "openexr"},
                                           {{"II*\0", 4}, "tiff"},
                                           {{"MM\0*", 4}, "tiff"},
                                           {{"II+\0", 4}, "tiff"},
                                           {{"MM\0+", 4}, "tiff"},
                                           {{"\x89PNG", 4}, "png"},
                                           {{"SDPX", 4}, "dpx"},
                                           {{"XPDS", 4}, "dpx"},
                                           {{"#?", 2}, "hdr"},
                                           {{"\xff\xd8\xff", 3}, "jpeg"}}};

// Only this format's code sees the bytes: by itself OpenImageIO would try every one that it has on a damaged file.
const char* format_of(const std::string& path) {
  const cli::Descriptor file = open_regular(path);
  std::array<char, 4> first{};
  const ssize_t got = pread(file.get(), first.data(), first.size(), 0);
  if (got < 0) throw Failure(fmt::format("{}: {}", path, cli::errno_text(errno)));
  const std::string_view start(first.data(), static_cast<std::size_t>(got));
  for (const Magic& known : kMagic) {
    if (start.starts_with(known.bytes)) return known.format;
  }
  if (got == 0) throw Failure(path + ": is empty");
  throw Failure(path + ": is none of EXR, TIFF, PNG, DPX, HDR and JPEG");
}

// Again, if it does not name the file itself.
[[noreturn]] void named(const std::string& path, const Failure& failure) {
  const std::string_view text = failure.what();
  if (text.starts_with(path)) throw failure;
  throw Failure(fmt::format("{}: {}", path, text));
}

}  // namespace

void check_readable(const std::string& path) { open_regular(path); }

Reader::Reader(std::string path) : path_(std::move(path)) {
  const SignalsBlocked blocked;
  try {
    open();
  } catch (const Failure&) {
    throw;
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

Reader::~Reader() {
  const SignalsBlocked blocked;
  input_.reset();
}

void Reader::open() {
  input_ = OIIO::ImageInput::create(format_of(path_));
  if (!input_) fail("OpenImageIO was built without this format: " + OIIO::geterror());
  // Otherwise colours would be multiplied by alpha, and the file's numbers lost.
  OIIO::ImageSpec wanted;
  wanted.attribute("oiio:UnassociatedAlpha", 1);
  if (!input_->open(path_, header_, wanted)) fail(input_->geterror());
  check_header();
  spec_ = {.dtype = *dtype_of(header_.format), .shape = {header_.height, header_.width, header_.nchannels}};
}

void Reader::check_header() const {
  if (header_.deep) fail("it is a deep image; those have no array");
  if (header_.depth > 1) fail("it is a volume; those are not supported");
  if (header_.width < 1 || header_.height < 1 || header_.nchannels < 1) fail("there are no pixels in it");
  if (!dtype_of(header_.format)) fail(fmt::format("its pixels are of a type that no array has: {}", header_.format.c_str()));
  if (!header_.channelformats.empty() && header_.format.is_floating_point() &&
      std::any_of(header_.channelformats.begin(), header_.channelformats.end(),
                  [](auto type) { return !type.is_floating_point(); })) {
    fail("it mixes integer and floating-point channels, which no single dtype holds");
  }
  const auto bytes =
      extent_bytes({.dtype = *dtype_of(header_.format), .shape = {header_.height, header_.width, header_.nchannels}});
  if (!bytes) fail("its header claims more pixels than can be counted");
  const DpxLines lines{.samples = std::int64_t{header_.width} * header_.nchannels,
                       .lines = header_.height,
                       .bits = header_.get_int_attribute("oiio:BitsPerSample")};
  if (std::string_view(input_->format_name()) == "dpx" && has_unsaid_padding(path_, lines))
    fail("its lines are padded to 32 bits, which OpenImageIO takes for pixels");
}

std::string Reader::extra_parts() {
  const SignalsBlocked blocked;
  if (input_->seek_subimage(1, 0)) return "further images in it";
  if (input_->seek_subimage(0, 1)) return "smaller copies in it";
  return {};
}

std::vector<std::string> Reader::describe(Metadata& metadata) {
  metadata.attributes.clear();
  metadata.arrays.resize(1);
  std::vector<std::string> left_behind;
  take_attributes(header_.extra_attribs, metadata.attributes, left_behind);
  take_geometry(header_, metadata.attributes);
  ArrayInfo& info = metadata.arrays[0];
  info = {.dimension_names = {"y", "x", "channel"}};
  if (std::all_of(header_.channelnames.begin(), header_.channelnames.end(), is_text)) {
    info.channel_names = header_.channelnames;
  } else {
    left_behind.emplace_back("channel names that are not UTF-8");
  }
  const std::string format = input_->format_name();
  if (std::string lost = take_colour(path_, format, header_, info); !lost.empty()) left_behind.push_back(std::move(lost));
  if (format == "openexr") {
    for (std::string& name : exr_passed_over(path_, header_)) left_behind.push_back(std::move(name));
  }
  for (const char* name : {"tiff:ColorSpace", "jpeg:ColorSpace"}) {
    if (const std::string space(header_.get_string_attribute(name)); !space.empty())
      left_behind.push_back(fmt::format("its {}, which is converted to RGB", space));
  }
  if (header_.alpha_channel >= 0 && metadata.attributes.find(kUnassociated) == nullptr) metadata.attributes.set(kUnassociated, 0);
  if (std::string parts = extra_parts(); !parts.empty()) left_behind.push_back(std::move(parts));
  for (std::string& what : left_behind) what = one_line(what);
  input_->geterror();  // that there are no further ones is none
  return left_behind;
}

void Reader::read(const ArrayView& target) {
  const SignalsBlocked blocked;
  bool done = false;
  try {
    done = input_->read_image(0, 0, 0, header_.nchannels, header_.format, target.bytes().data());
  } catch (const std::exception& error) {
    fail(error.what());
  }
  if (!done || input_->has_error()) fail(input_->geterror());
}

bool check_in_child(const std::string& path, int stop_descriptor) {
  try {
    return run_in_child(
               [&] {
                 Metadata metadata;
                 Reader(path).describe(metadata);
                 return std::string();
               },
               stop_descriptor, limits_for(0))
        .has_value();
  } catch (const Failure& failure) {
    named(path, failure);
  }
}

bool read_in_child(const std::string& path, const ArrayView& target, int stop_descriptor) {
  try {
    return run_in_child(
               [&] {
                 use_all_processors();
                 Reader reader(path);
                 if (reader.spec() != target.spec()) throw Failure(path + ": it has changed since it was opened");
                 reader.read(target);
                 return std::string();
               },
               stop_descriptor, limits_for(target.bytes().size()))
        .has_value();
  } catch (const Failure& failure) {
    named(path, failure);
  }
}

void Reader::fail(const std::string& why) const {
  const std::string text = one_line(why);
  throw Failure(fmt::format("{}: {}", path_, text.empty() ? "it cannot be decoded" : text));
}

}  // namespace arraywire::images
