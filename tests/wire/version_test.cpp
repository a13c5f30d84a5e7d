// Newer versions: headers made with the schema of a later minor, and of a later major version.
#include "arraywire/version.hpp"
#include "wire/message.hpp"

#include <gtest/gtest.h>
#include <string>

#include <next_major_generated.h>
#include <next_minor_generated.h>

namespace arraywire::wire {
namespace {

using flatbuffers::FlatBufferBuilder;

std::vector<std::byte> bytes_of(const FlatBufferBuilder& builder) {
  const auto bytes = std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
  return {bytes.begin(), bytes.end()};
}

// A header of version 1.7, every table of which has fields that we do not know.
template <class Body>
std::vector<std::byte> newer_minor(FlatBufferBuilder& builder, next::Body kind, flatbuffers::Offset<Body> body) {
  const next::Version version(1, 7);
  const next::Id id(1, 2);
  const auto added = builder.CreateString("of version 1.7");
  const std::uint64_t numbers[] = {1, 2, 3};
  const auto list = builder.CreateVector(numbers, 3);
  next::FinishHeaderBuffer(builder, next::CreateHeader(builder, &version, &id, &id, kind, body.Union(), added, list));
  return bytes_of(builder);
}

std::vector<std::byte> newer_minor_data() {
  FlatBufferBuilder builder;
  const auto added = builder.CreateString("of version 1.7");
  const std::int64_t shape[] = {2, 3};
  const auto array = next::CreateArray(builder, 2, 32, builder.CreateVector(shape, 2), 0, added);
  const auto info = next::CreateArrayInfo(builder, builder.CreateString("image"), 0, 0, 0, 0, 0, nullptr, 0, added);
  const auto attribute =
      next::CreateAttribute(builder, builder.CreateString("gain"), next::AttributeType::Real, 0, 2.5, 0, added);
  const auto metadata = next::CreateMetadata(builder, nullptr, nullptr, 5, next::Clock::Host, builder.CreateVector(&attribute, 1),
                                             builder.CreateVector(&info, 1), added);
  const next::Stamp stamp(1, 2, 3, 0, 1, false);
  const next::Time published(77);
  return newer_minor(
      builder, next::Body::Data,
      next::CreateData(builder, &stamp, &published, 0, builder.CreateVector(&array, 1), 0, nullptr, metadata, added));
}

TEST(OwnVersion, IsThePublicHeaders) {
  EXPECT_EQ(std::to_string(kVersion.major) + "." + std::to_string(kVersion.minor), ARRAYWIRE_PROTOCOL_VERSION);
}

TEST(NewerMinorVersion, IsReadAndItsAdditionsAreIgnored) {
  Decoder decoder;
  const auto message = testing::receive(decoder, newer_minor_data());
  ASSERT_TRUE(message) << describe(message.error());
  EXPECT_EQ(message->envelope.version, (Version{1, 7}));
  EXPECT_EQ(decoder.peer_version(), (Version{1, 7}));
  const Data& data = std::get<Data>(message->body);
  EXPECT_EQ(data.stamp, (Stamp{.delivery = 1, .sequence = 2, .missed_before = 3}));
  EXPECT_EQ(data.specs, (std::vector<ArraySpec>{{DType::Float32, {2, 3}, {}}}));
  EXPECT_EQ(data.info.exposure.count(), 5);
  ASSERT_NE(data.info.attributes.find("gain"), nullptr);
  EXPECT_EQ(*data.info.attributes.find("gain"), AttributeValue(2.5));
  EXPECT_EQ(data.info.arrays.at(0).name, "image");
}

TEST(NewerMinorVersion, ItsHelloIsUnderstoodToo) {
  FlatBufferBuilder builder;
  const auto added = builder.CreateString("of version 1.7");
  const auto name = builder.CreateString("viewer");
  next::HelloBuilder body(builder);
  body.add_name(name);
  body.add_queue(3);
  body.add_hold(4);
  body.add_added(added);
  const auto header = newer_minor(builder, next::Body::Hello, body.Finish());
  Decoder decoder;
  const auto message = testing::receive(decoder, header);
  ASSERT_TRUE(message) << describe(message.error());
  EXPECT_EQ(std::get<Hello>(message->body), (Hello{.name = "viewer", .queue = 3, .hold = 4}));
}

TEST(NewerMinorVersion, AKindOfMessageThatWeDoNotKnowIsSaidToBeThat) {
  FlatBufferBuilder builder;
  const auto survey = next::CreateSurvey(builder, builder.CreateString("how fast can you read?"));
  Decoder decoder;
  const auto envelope = decoder.read(newer_minor(builder, next::Body::Survey, survey));
  ASSERT_FALSE(envelope);
  EXPECT_EQ(envelope.error(), WireError::UnknownKind);
  EXPECT_EQ(decoder.peer_version(), (Version{1, 7}));
}

// Ours, to a later one: its reader is the generated code of the later schema.
TEST(NewerMinorVersion, ReadsWhatWeSend) {
  Encoder encoder;
  const std::vector<ArraySpec> specs{{DType::UInt16, {4, 5}, {}}};
  const auto encoded = encoder.data({specs, {}, Metadata{.frame_id = 9}, Timestamp{}, 0, std::nullopt});
  std::vector<std::byte> bytes(encoded.begin(), encoded.end());
  stamp(bytes, {1, 2}, {3, 4}, {.delivery = 1, .sequence = 2});
  const auto* buffer = reinterpret_cast<const std::uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(buffer, bytes.size());
  ASSERT_TRUE(next::VerifyHeaderBuffer(verifier));
  const auto* header = next::GetHeader(buffer);
  EXPECT_EQ(header->version()->major(), kVersion.major);
  EXPECT_EQ(header->session()->low(), 4U);
  EXPECT_EQ(header->added(), nullptr);
  ASSERT_NE(header->body_as_Data(), nullptr);
  EXPECT_EQ(header->body_as_Data()->stamp()->sequence(), 2U);
  EXPECT_EQ(header->body_as_Data()->metadata()->frame_id()->value(), 9U);
}

TEST(NewerMajorVersion, IsRefusedWithBothVersionsNamed) {
  FlatBufferBuilder builder;
  const next_major::Version version(2, 3);
  std::vector<flatbuffers::Offset<flatbuffers::String>> body{builder.CreateString("nothing is as it was")};
  const auto label = builder.CreateString("label");
  const auto lines = builder.CreateVector(body);
  next_major::FinishHeaderBuffer(builder, next_major::CreateHeader(builder, &version, label, lines, 5, 0xFFFFFFFFFFFFFFFF));
  Decoder decoder;
  const auto envelope = decoder.read(bytes_of(builder));
  ASSERT_FALSE(envelope);
  EXPECT_EQ(envelope.error(), WireError::OtherMajor);
  EXPECT_EQ(decoder.peer_version(), (Version{2, 3}));
  EXPECT_EQ(describe_other_major(decoder.peer_version()), "the peer speaks arraywire protocol 2.3, this side 1.0");
}

TEST(OlderMajorVersion, IsRefusedToo) {
  Encoder encoder;
  Decoder decoder;
  const auto envelope = decoder.read(encoder.alive({.version = {0, 9}, .epoch = {1, 1}, .session = {2, 2}}));
  ASSERT_FALSE(envelope);
  EXPECT_EQ(envelope.error(), WireError::OtherMajor);
  EXPECT_EQ(decoder.peer_version(), (Version{0, 9}));
}

}  // namespace
}  // namespace arraywire::wire
