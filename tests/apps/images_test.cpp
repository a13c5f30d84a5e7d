// Image files of arrays whose metadata no other file has.
#include "cli/values.hpp"
#include "images/child.hpp"
#include "images/library.hpp"
#include "images/reader.hpp"
#include "images/writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace arraywire::images {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Names = std::vector<std::string>;

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("arraywire-images-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

struct Array {
  ArraySpec spec{};
  std::vector<std::byte> bytes{};
  ConstArrayView view() const { return {spec, bytes}; }
};

// Elements that differ, and are finite as floating point: every second byte is small.
Array array_of(DType dtype, const Extents& shape) {
  Array array{.spec = {.dtype = dtype, .shape = shape}};
  array.bytes.resize(checked_extent_bytes(array.spec));
  for (std::size_t i = 0; i < array.bytes.size(); ++i) array.bytes[i] = static_cast<std::byte>(i * 37 % (i % 2 == 0 ? 251 : 59));
  return array;
}

struct Found {
  Names missing{};
  Metadata metadata{};
  Array array{};
  std::string file{};  // its bytes
  const ArrayInfo& info() const { return metadata.arrays[0]; }
};

class ImageFiles : public ::testing::Test {
 protected:
  ImageFiles() { prepare_library(); }

  Found round_trip(const std::string& extension, const Array& array, const Attributes& attributes, const ArrayInfo& info) {
    Found found;
    const auto path = folder_ / ("image" + extension);
    found.missing = Writer(extension).write(path, array.view(), attributes, info);
    Reader reader(path);
    reader.describe(found.metadata);
    found.array.spec = reader.spec();
    found.array.bytes.resize(checked_extent_bytes(reader.spec()));
    reader.read(ArrayView(found.array.spec, found.array.bytes));
    std::ifstream file(path, std::ios::binary);
    found.file.assign(std::istreambuf_iterator<char>(file), {});
    return found;
  }

  Folder folder_{};
};

TEST_F(ImageFiles, CompressionsThatLoseSomethingAreNotUsedHoweverTheyAreSpelt) {
  struct Case {
    const char* extension;
    DType dtype;
    const char* method;
  };
  for (const Case& each :
       {Case{".exr", DType::Float16, "DWAA"}, Case{".exr", DType::Float16, "Dwab:200"}, Case{".exr", DType::Float16, "B44"},
        Case{".exr", DType::Float32, "PXR24"}, Case{".tif", DType::UInt8, "JPEG"}, Case{".tif", DType::UInt8, "ccittrle"}}) {
    SCOPED_TRACE(each.method);
    Attributes attributes;
    attributes.set("compression", each.method);
    const Array array = array_of(each.dtype, {32, 32, 3});
    const Found found = round_trip(each.extension, array, attributes, {});
    EXPECT_EQ(found.array.bytes, array.bytes);
    EXPECT_THAT(found.missing, ElementsAre("compression"));
  }
}

TEST_F(ImageFiles, CompressionsThatAreExactAreKept) {
  for (const char* method : {"none", "rle", "zips", "piz", "pxr24"}) {
    Attributes attributes;
    attributes.set("compression", method);
    EXPECT_THAT(round_trip(".exr", array_of(DType::Float16, {8, 8, 3}), attributes, {}).missing, IsEmpty()) << method;
  }
}

TEST_F(ImageFiles, ChannelsAreStoredWhereTheFormatHasThem) {
  const Array blue_first = array_of(DType::UInt16, {5, 7, 3});
  Array red_first = blue_first;
  auto* values = reinterpret_cast<std::uint16_t*>(red_first.bytes.data());
  for (std::size_t i = 0; i < 35; ++i) std::swap(values[3 * i], values[3 * i + 2]);
  for (const char* extension : {".png", ".tif", ".dpx"}) {
    const Found found = round_trip(extension, blue_first, {}, {.channel_names = {"B", "G", "R"}});
    EXPECT_EQ(found.array.bytes, red_first.bytes) << extension;
    EXPECT_EQ(found.info().channel_names, (Names{"R", "G", "B"}));
    EXPECT_THAT(found.missing, IsEmpty());
  }
  const Array half = array_of(DType::Float16, {5, 7, 3});
  EXPECT_THAT(round_trip(".exr", half, {}, {.channel_names = {"B", "G", "R"}}).info().channel_names, ElementsAre("R", "G", "B"));
  const Found grey = round_trip(".png", array_of(DType::UInt8, {4, 4, 2}), {}, {.channel_names = {"A", "Y"}});
  EXPECT_THAT(grey.info().channel_names, ElementsAre("Y", "A"));
}

TEST_F(ImageFiles, ChannelsAtOtherPlacesAreRefused) {
  for (const Names& names : {Names{"A", "R", "G"}, Names{"x", "R", "G", "y"}}) {
    const Array array = array_of(DType::UInt8, {4, 4, static_cast<std::int64_t>(names.size())});
    try {
      Writer(".tif").write(folder_ / "no.tif", array.view(), {}, {.channel_names = names});
      FAIL();
    } catch (const cli::Failure& failure) {
      EXPECT_THAT(failure.what(), HasSubstr("no.tif: this format takes channels as R, G, B, A"));
    }
  }
}

TEST_F(ImageFiles, ATiffOfLinearLightWithExifDataIsNotReadAsSrgb) {
  Attributes attributes;
  attributes.set("ExposureTime", 0.5);
  const Array array = array_of(DType::Float16, {8, 8, 3});
  const Found linear = round_trip(".tif", array, attributes, {.colour = Colour{.primaries = 1, .transfer = 8, .matrix = 0}});
  EXPECT_EQ(linear.info().colour, std::nullopt);
  EXPECT_THAT(linear.missing, ElementsAre("colour"));
  EXPECT_NE(OIIO::ImageInput::open((folder_ / "image.tif").string())->spec().get_string_attribute("oiio:ColorSpace"), "sRGB");
  const Colour srgb{.primaries = 1, .transfer = 13, .matrix = 0};
  EXPECT_EQ(round_trip(".tif", array_of(DType::UInt8, {8, 8, 3}), attributes, {.colour = srgb}).info().colour, srgb);
  EXPECT_EQ(round_trip(".tif", array, attributes, {}).info().colour, std::nullopt);
}

TEST_F(ImageFiles, PngHasAChunkForColours) {
  const Array array = array_of(DType::UInt16, {8, 8, 3});
  for (const Colour& colour :
       {Colour{.primaries = 9, .transfer = 16, .matrix = 0}, Colour{.primaries = 12, .transfer = 13, .matrix = 0},
        Colour{.primaries = 9, .transfer = 8, .matrix = 0, .full_range = false}}) {
    const Found found = round_trip(".png", array, {}, {.colour = colour});
    EXPECT_EQ(found.info().colour, colour);
    EXPECT_EQ(found.array.bytes, array.bytes);
    EXPECT_EQ(found.file.find("cICP"), 37U);
    EXPECT_EQ(found.file.find("sRGB"), std::string::npos);
    EXPECT_THAT(found.missing, IsEmpty());
  }
  // Neither these nor silence need it, and it has no matrices.
  for (const Colour& colour :
       {Colour{.primaries = 1, .transfer = 13, .matrix = 0}, Colour{.primaries = 2, .transfer = 8, .matrix = 0},
        Colour{.primaries = 9, .transfer = 16, .matrix = 9}}) {
    const Found found = round_trip(".png", array, {}, {.colour = colour});
    EXPECT_EQ(found.info().colour, colour);
    EXPECT_EQ(found.file.find("cICP"), std::string::npos);
  }
  const Found silent = round_trip(".png", array, {}, {});
  EXPECT_EQ(silent.info().colour, std::nullopt);
  for (const char* chunk : {"sRGB", "gAMA", "cHRM", "cICP"}) EXPECT_EQ(silent.file.find(chunk), std::string::npos) << chunk;
}

TEST_F(ImageFiles, OrientationIsAnIntegerInEveryFormat) {
  Attributes attributes;
  attributes.set("Orientation", 6);
  for (const char* extension : {".tif", ".exr"}) {
    const Array array = array_of(extension == std::string(".exr") ? DType::Float16 : DType::UInt16, {4, 6, 3});
    const Found found = round_trip(extension, array, attributes, {});
    const AttributeValue* value = found.metadata.attributes.find("Orientation");
    ASSERT_NE(value, nullptr) << extension;
    EXPECT_EQ(*value, AttributeValue(std::int64_t{6})) << extension;
    EXPECT_THAT(found.missing, IsEmpty()) << extension;
  }
  EXPECT_THAT(round_trip(".png", array_of(DType::UInt8, {4, 6, 3}), attributes, {}).missing, ElementsAre("Orientation"));
}

TEST_F(ImageFiles, WhatIsLostIsSaid) {
  const Array half = array_of(DType::Float16, {4, 6, 3}), four = array_of(DType::UInt16, {4, 6, 4});
  EXPECT_THAT(round_trip(".exr", half, {}, {.colour_space = "ACEScg"}).missing, ElementsAre("colour space"));
  EXPECT_THAT(round_trip(".png", four, {}, {.significant_bits = 10}).missing, ElementsAre("significant bits"));
  EXPECT_THAT(round_trip(".png", four, {}, {.significant_bits = 16}).missing, IsEmpty());
  Attributes attributes;
  attributes.set("oiio:BitsPerSample", 10);
  EXPECT_THAT(round_trip(".png", four, attributes, {}).missing, ElementsAre("oiio:BitsPerSample"));
  attributes.clear();
  attributes.set("dpx:FrameRate", 24.0);
  EXPECT_THAT(round_trip(".tif", four, attributes, {}).missing, ElementsAre("dpx:FrameRate"));
  attributes.clear();
  attributes.set("oiio:UnassociatedAlpha", 0);
  EXPECT_THAT(round_trip(".tif", four, attributes, {}).missing, IsEmpty());
  EXPECT_THAT(round_trip(".png", four, attributes, {}).missing, ElementsAre("whether colours are multiplied by alpha"));
}

TEST_F(ImageFiles, ChannelTypesThatDoNotFitAreLeftOut) {
  Attributes attributes;
  attributes.set("image:channel_formats", "uint,half,half");
  const Array array = array_of(DType::Float16, {4, 6, 3});
  const Found found = round_trip(".exr", array, attributes, {});
  EXPECT_EQ(found.array.bytes, array.bytes);
  EXPECT_THAT(found.missing, ElementsAre("image:channel_formats"));
}

TEST(Listed, IsNeverLong) {
  Names names(20, "a");
  EXPECT_THAT(listed(names), Not(HasSubstr("more")));
  names.resize(5000, "a");
  EXPECT_THAT(listed(names), ::testing::EndsWith("a, a and 4980 more"));
}

TEST(Child, MayDoMoreWithMoreBytes) {
  constexpr std::uint64_t kGibibyte = std::uint64_t{1} << 30U;
  EXPECT_EQ(limits_for(0).bytes, 4 * kGibibyte);
  EXPECT_EQ(limits_for(2 * kGibibyte).bytes, 10 * kGibibyte);
  EXPECT_EQ(limits_for(0).seconds, 120U);
  EXPECT_EQ(limits_for(2 * kGibibyte).seconds, 240U);
}

TEST(Child, ThatTakesTooMuchTimeSaysSo) {
  const auto work = []() -> std::string {
    while (getppid() != 0) continue;
    return {};
  };
  try {
    run_in_child(work, -1, {.bytes = std::uint64_t{1} << 40U, .seconds = 1});
    FAIL();
  } catch (const cli::Failure& failure) {
    EXPECT_STREQ(failure.what(), "it took more than 1 s of processor time");
  }
}

}  // namespace
}  // namespace arraywire::images
