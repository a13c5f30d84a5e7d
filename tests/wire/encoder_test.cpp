#include "wire/encoder.hpp"

#include "wire/decoder.hpp"

#include <gtest/gtest.h>

#include <string>

namespace arraywire::wire {
namespace {

const std::vector<ArraySpec> kSpecs{{DType::UInt8, {4}, {}}};
constexpr Envelope kEnvelope{.epoch = {1, 2}, .session = {3, 4}};

DataTemplate data_of(const Metadata& metadata) { return {kSpecs, {}, metadata, Timestamp{}, 0, std::nullopt}; }

Metadata with_attribute(std::string_view key, std::string_view value) {
  Metadata metadata;
  metadata.attributes.set(key, value);
  return metadata;
}

class EncoderLimits : public ::testing::Test {
 protected:
  void expect_refused(const Metadata& metadata) {
    EXPECT_THROW(encoder_.data(data_of(metadata)), Error);
    EXPECT_THROW(encoder_.welcome(kEnvelope, {.stream = "s", .queue = 1, .hold = 1, .metadata = metadata}), Error);
    EXPECT_NO_THROW(encoder_.data(data_of({}))) << "the encoder must be usable again";
  }
  Encoder encoder_;
};

TEST_F(EncoderLimits, HeadersStayBelowTheirLimit) {
  EXPECT_NO_THROW(encoder_.data(data_of(with_attribute("k", std::string(kMaxHeaderBytes - 1000, 'x')))));
  expect_refused(with_attribute("k", std::string(kMaxHeaderBytes - 10, 'x')));
  expect_refused(with_attribute("k", std::string(kMaxHeaderBytes * 3, 'x')));
}

TEST_F(EncoderLimits, NamesAreLimitedInNumber) {
  Metadata names;
  names.arrays.emplace_back().channel_names.resize(kMaxNames);
  EXPECT_NO_THROW(encoder_.data(data_of(names)));
  names.arrays.back().dimension_names.resize(1);
  expect_refused(names);
}

TEST_F(EncoderLimits, TextIsUtf8WithoutZerosAndKeysAreNotEmpty) {
  EXPECT_NO_THROW(encoder_.data(data_of(with_attribute("gr\xC3\xBC\xC3\x9F", ""))));
  expect_refused(with_attribute("", "x"));
  expect_refused(with_attribute("\xFF", "x"));
  expect_refused(with_attribute("k", "\xFF"));
  expect_refused(with_attribute("k", std::string(1, '\0')));
  Metadata unit;
  unit.arrays.emplace_back().unit = "\xB5m";  // Latin-1
  expect_refused(unit);
}

TEST_F(EncoderLimits, AttributesAreLimitedInNumber) {
  Metadata metadata;
  for (std::size_t i = 0; i < kMaxAttributes; ++i) metadata.attributes.set(std::to_string(i), true);
  EXPECT_NO_THROW(encoder_.data(data_of(metadata)));
  metadata.attributes.set("one more", true);
  expect_refused(metadata);
}

TEST_F(EncoderLimits, MessagesHaveOneTo64ArraysAndAnOffsetForEachOrNone) {
  const std::vector<ArraySpec> many(kMaxArrays + 1, kSpecs[0]);
  const std::vector<std::uint64_t> offsets{0, 64};
  const auto encode = [&](std::span<const ArraySpec> specs, std::span<const std::uint64_t> at) {
    return encoder_.data({specs, at, {}, Timestamp{}, 0, std::nullopt}).size();
  };
  EXPECT_THROW(encode({}, {}), Error);
  EXPECT_THROW(encode(many, {}), Error);
  EXPECT_THROW(encode(kSpecs, offsets), Error);
  EXPECT_GT(encode(std::span(many).first(kMaxArrays), {}), 0U);
  EXPECT_GT(encode(std::span(many).first(2), offsets), 0U);
}

TEST_F(EncoderLimits, AWelcomeNamesItsStream) {
  EXPECT_THROW(encoder_.welcome(kEnvelope, {.stream = "", .queue = 1, .hold = 1}), Error);
}

TEST_F(EncoderLimits, ListsOfDeliveriesAreLimited) {
  std::vector<std::uint64_t> listed(kMaxListed, 1);
  EXPECT_NO_THROW(encoder_.bye(kEnvelope, {listed}));
  EXPECT_NO_THROW(encoder_.returns(kEnvelope, {.released = listed, .rejected = listed}));
  listed.push_back(1);
  EXPECT_THROW(encoder_.bye(kEnvelope, {listed}), Error);
  EXPECT_THROW(encoder_.returns(kEnvelope, {.released = listed}), Error);
  EXPECT_THROW(encoder_.hello(kEnvelope, {.queue = 1, .hold = 1, .held = listed}), Error);
}

// A reason often quotes a path or a peer, and it must arrive whatever is in it.
TEST(EncodedReasons, ArriveEvenWhenTheyAreNotText) {
  Encoder encoder;
  Decoder decoder;
  ASSERT_TRUE(decoder.read(encoder.refused(kEnvelope, {.reason = "/data/\xFF: no permission"})));
  Refused refused;
  ASSERT_TRUE(decoder.refused(refused));
  EXPECT_EQ(refused.reason, "/data/?: no permission");

  ASSERT_TRUE(decoder.read(encoder.refused(kEnvelope, {.reason = std::string(10'000'000, 'x')})));
  ASSERT_TRUE(decoder.refused(refused));
  EXPECT_EQ(refused.reason, std::string(kMaxReasonBytes, 'x'));

  ASSERT_TRUE(decoder.read(
      encoder.hello(kEnvelope, {.name = std::string(300, 'n') + "\xFF", .queue = 1, .hold = 1, .lane_reason = "\x80"})));
  Hello hello;
  ASSERT_TRUE(decoder.hello(hello));
  EXPECT_EQ(hello.name, std::string(kMaxNameBytes, 'n'));
  EXPECT_EQ(hello.lane_reason, "?");
}

TEST(EncodedMetadata, DescribesOnlyTheArraysThatTheMessageHas) {
  Encoder encoder;
  Decoder decoder;
  Metadata of_two;
  of_two.arrays.resize(2);
  of_two.arrays[0].name = "left";
  of_two.arrays[1].name = "right";
  const auto encoded = encoder.data(data_of(of_two));
  std::vector<std::byte> header(encoded.begin(), encoded.end());
  stamp(header, {1, 1}, {2, 2}, {.delivery = 1, .sequence = 1});
  ASSERT_TRUE(decoder.read(header));
  Data data;
  ASSERT_TRUE(decoder.data(data));
  ASSERT_EQ(data.info.arrays.size(), 1U);
  EXPECT_EQ(data.info.arrays[0].name, "left");
}

TEST(WireErrors, HaveTheirOwnWords) {
  EXPECT_NE(describe(WireError::Malformed), describe(WireError::BadField));
  for (int i = 0; i <= static_cast<int>(WireError::BadField); ++i) EXPECT_NE(describe(static_cast<WireError>(i)), "unknown");
}

}  // namespace
}  // namespace arraywire::wire
