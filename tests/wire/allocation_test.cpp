// Once warm, neither side allocates for a message.
#include "core/allocation_count.hpp"
#include "wire/decoder.hpp"
#include "wire/encoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace arraywire::wire {
namespace {

using arraywire::testing::allocation_count;
constexpr Envelope kEnvelope{.epoch = {1, 2}, .session = {3, 4}};
constexpr const char* kLong = "a text that is too long for any short-string buffer";

void fill(Metadata& metadata, int frame) {
  metadata.frame_id = static_cast<std::uint64_t>(frame);
  metadata.acquired = Timestamp(std::chrono::nanoseconds(frame));
  metadata.attributes.set("gain", 0.5 * frame);
  metadata.attributes.set("a key that is too long for any short-string buffer", frame);
  metadata.attributes.set("valid", frame % 2 == 0);
  metadata.attributes.set("camera", kLong);
  metadata.arrays.resize(2);
  for (ArrayInfo& info : metadata.arrays) {
    info.name = kLong;
    info.dimension_names.assign(3, kLong);
    info.channel_names.assign(3, kLong);
    info.unit = kLong;
    info.pixel_format = kLong;
    info.colour = Colour{9, 16, 0, true};
    info.colour_space = kLong;
  }
}

TEST(Allocations, NoneForDataOnceWarm) {
  Encoder encoder;
  Decoder decoder;
  const std::vector<ArraySpec> specs{{DType::UInt16, {2160, 3840, 3}, {}}, {DType::Float32, {16, 16}, {128, 4}}};
  const std::vector<std::uint64_t> offsets{0, 49766400};
  Metadata metadata;
  std::vector<std::byte> header(4096);
  Data data;
  std::size_t allocated = 0;
  for (int frame = 0; frame < 20; ++frame) {
    fill(metadata, frame);
    const std::size_t before = allocation_count();
    const auto encoded = encoder.data({specs, offsets, metadata, Timestamp{}, frame, 1});
    ASSERT_LE(encoded.size(), header.size());
    const auto copy = std::span(header).first(encoded.size());
    std::copy(encoded.begin(), encoded.end(), copy.begin());
    stamp(copy, {1, 2}, {3, 4}, {.delivery = 1, .sequence = static_cast<std::uint64_t>(frame) + 1});
    ASSERT_TRUE(decoder.read(copy));
    ASSERT_TRUE(decoder.data(data));
    if (frame >= 2) allocated += allocation_count() - before;
  }
  EXPECT_EQ(allocated, 0U);
  EXPECT_EQ(static_cast<const Metadata&>(data.info), metadata);
}

TEST(Allocations, NoneForWhatGoesBackAndForthOnceWarm) {
  Encoder encoder;
  Decoder decoder;
  Return sent{.taken_through = 7, .released = {1, 2, 3, 4, 5, 6, 7}, .rejected = {8, 9}, .want = true};
  Return received;
  End end;
  std::size_t before = 0;
  for (int round = 0; round < 20; ++round) {
    if (round == 2) before = allocation_count();
    ASSERT_TRUE(decoder.read(encoder.returns(kEnvelope, sent)));
    ASSERT_TRUE(decoder.returns(received));
    ASSERT_TRUE(decoder.read(encoder.alive(kEnvelope)));
    ASSERT_TRUE(decoder.read(encoder.end(kEnvelope, {9, 1})));
    ASSERT_TRUE(decoder.end(end));
  }
  EXPECT_EQ(allocation_count(), before);
  EXPECT_EQ(received, sent);
}

TEST(Allocations, AreCounted) {
  const auto before = allocation_count();
  const auto one = std::make_unique<int>(1);
  EXPECT_EQ(allocation_count(), before + 1);
  EXPECT_EQ(*one, 1);
}

TEST(Allocations, NoneForARefusedHeader) {
  Decoder decoder;
  const std::vector<std::byte> zeros(100'000);
  const auto before = allocation_count();
  EXPECT_FALSE(decoder.read(zeros));
  EXPECT_FALSE(decoder.read({}));
  EXPECT_EQ(allocation_count(), before);
}

}  // namespace
}  // namespace arraywire::wire
