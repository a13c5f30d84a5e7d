// Data headers of peers that do not keep to the rules for arrays: made with the schema itself, which our encoder would not.
#include "wire/decoder.hpp"
#include "wire/encoder.hpp"

#include <gtest/gtest.h>

#include <arraywire_generated.h>

#include <cstring>
#include <limits>

namespace arraywire::wire {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

struct PeerArray {
  DLPackCode code{1, 8};
  std::vector<std::int64_t> shape{4};
  std::vector<std::int64_t> stride_bytes{};
};
struct PeerData {
  std::vector<PeerArray> arrays{PeerArray{}};
  std::vector<std::uint64_t> offsets{};
  Stamp stamp{.delivery = 1, .sequence = 1};
  std::uint32_t infos = 0;
};

std::vector<std::byte> header_of(const PeerData& data) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<proto::Array>> arrays;
  for (const PeerArray& array : data.arrays) {
    arrays.push_back(proto::CreateArrayDirect(builder, array.code.code, array.code.bits, &array.shape,
                                              array.stride_bytes.empty() ? nullptr : &array.stride_bytes));
  }
  std::vector<flatbuffers::Offset<proto::ArrayInfo>> infos;
  for (std::uint32_t i = 0; i < data.infos; ++i) infos.push_back(proto::CreateArrayInfo(builder));
  const auto metadata = proto::CreateMetadataDirect(builder, nullptr, nullptr, 0, proto::Clock::Host, nullptr, &infos);
  const Stamp& s = data.stamp;
  const proto::Stamp stamp(s.delivery, s.sequence, s.missed_before, s.slot, s.attempt, s.from_history);
  const proto::Time published(0);
  const auto body = proto::CreateDataDirect(builder, &stamp, &published, 0, &arrays, &data.offsets, nullptr, metadata);
  const proto::Version version(kVersion.major, kVersion.minor);
  const proto::Id id(1, 1);
  proto::FinishHeaderBuffer(builder, proto::CreateHeader(builder, &version, &id, &id, proto::Body::Data, body.Union()));
  const auto bytes = std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
  return {bytes.begin(), bytes.end()};
}

std::optional<WireError> error_of(const PeerData& data) {
  Decoder decoder;
  const auto envelope = decoder.read(header_of(data));
  if (!envelope) return envelope.error();
  Data out;
  return decoder.data(out) ? std::nullopt : std::optional(decoder.body_error());
}
std::optional<WireError> error_of(const PeerArray& array) { return error_of(PeerData{.arrays = {array}}); }

TEST(PeerArrays, ThatKeepToTheRulesAreAccepted) {
  EXPECT_EQ(error_of(PeerArray{}), std::nullopt);
  EXPECT_EQ(error_of(PeerArray{{5, 128}, {2, 3}, {64, 16}}), std::nullopt);
  EXPECT_EQ(error_of(PeerArray{{6, 8}, std::vector<std::int64_t>(16, 1), {}}), std::nullopt);
}

TEST(PeerArrays, OfAnUnknownDTypeAreRefused) {
  for (const DLPackCode code : {DLPackCode{3, 64}, {7, 8}, {1, 128}, {2, 8}, {4, 32}, {0, 0}, {255, 255}, {6, 1}}) {
    EXPECT_EQ(error_of(PeerArray{code, {4}, {}}), WireError::BadSpec) << int{code.code} << ", " << int{code.bits};
  }
}

TEST(PeerArrays, OfSeventeenDimensionsAreRefused) {
  EXPECT_EQ(error_of(PeerArray{{1, 8}, std::vector<std::int64_t>(17, 1), {}}), WireError::BadSpec);
  EXPECT_EQ(error_of(PeerArray{{1, 8}, std::vector<std::int64_t>(100'000, 1), {}}), WireError::BadSpec);
  EXPECT_EQ(error_of(PeerArray{{1, 8}, {4}, std::vector<std::int64_t>(17, 1)}), WireError::BadSpec);
}

TEST(PeerArrays, WhoseSizeOverflowsAreRefused) {
  EXPECT_EQ(error_of(PeerArray{{1, 8}, {std::int64_t{1} << 32, std::int64_t{1} << 32}, {}}), WireError::BadSpec);
  EXPECT_EQ(error_of(PeerArray{{1, 16}, {kMax}, {}}), WireError::BadSpec);
  EXPECT_EQ(error_of(PeerArray{{1, 8}, {3, 3}, {kMax / 2 + 1, 1}}), WireError::BadSpec);
}

TEST(PeerArrays, OfNegativeExtentsOrStridesAreRefused) {
  EXPECT_EQ(error_of(PeerArray{{1, 8}, {-1}, {}}), WireError::BadSpec);
  EXPECT_EQ(error_of(PeerArray{{1, 8}, {4}, {-1}}), WireError::BadSpec);
  EXPECT_EQ(error_of(PeerArray{{1, 8}, {std::numeric_limits<std::int64_t>::min()}, {}}), WireError::BadSpec);
}

TEST(PeerArrays, ThatOverlapAreMisalignedOrHaveStridesOfAnotherRankAreRefused) {
  EXPECT_EQ(error_of(PeerArray{{1, 8}, {4, 4}, {0, 1}}), WireError::BadSpec);
  EXPECT_EQ(error_of(PeerArray{{1, 8}, {4, 4}, {3, 1}}), WireError::BadSpec);
  EXPECT_EQ(error_of(PeerArray{{1, 16}, {4}, {3}}), WireError::BadSpec);
  EXPECT_EQ(error_of(PeerArray{{1, 8}, {4, 4}, {4}}), WireError::BadSpec);
}

// What lies outside the payload frame is seen by comparing payload_bytes with the frame: they must be those of the strides.
TEST(PeerArrays, SayHowManyBytesTheirPayloadMustHave) {
  Decoder decoder;
  ASSERT_TRUE(decoder.read(header_of({.arrays = {{{1, 16}, {3, 5}, {32, 2}}, {{2, 32}, {3, 5}, {}}, {{2, 64}, {}, {}}}})));
  Data data;
  ASSERT_TRUE(decoder.data(data));
  EXPECT_EQ(data.payload_bytes, (std::vector<std::size_t>{74, 60, 8}));
}

TEST(PeerArrays, MustBeThereButNotTooMany) {
  EXPECT_EQ(error_of(PeerData{.arrays = {}}), WireError::BadSpec);
  EXPECT_EQ(error_of(PeerData{.arrays = std::vector<PeerArray>(kMaxArrays)}), std::nullopt);
  EXPECT_EQ(error_of(PeerData{.arrays = std::vector<PeerArray>(kMaxArrays + 1)}), WireError::BadSpec);
}

TEST(PeerOffsets, AreOnePerArrayOrNone) {
  const std::vector<PeerArray> two(2);
  EXPECT_EQ(error_of(PeerData{.arrays = two, .offsets = {0, 64}}), std::nullopt);
  EXPECT_EQ(error_of(PeerData{.arrays = two, .offsets = {0}}), WireError::BadSpec);
  EXPECT_EQ(error_of(PeerData{.arrays = two, .offsets = {0, 64, 128}}), WireError::BadSpec);
}

TEST(PeerOffsets, AreThereWhenASlotIsNamed) {
  const Stamp in_slot{.delivery = 1, .sequence = 1, .slot = 3};
  EXPECT_EQ(error_of(PeerData{.offsets = {0}, .stamp = in_slot}), std::nullopt);
  EXPECT_EQ(error_of(PeerData{.offsets = {}, .stamp = in_slot}), WireError::BadSpec);
}

TEST(PeerOffsets, AreAlignedAndDoNotOverflow) {
  EXPECT_EQ(error_of(PeerData{.offsets = {8}}), WireError::BadSpec);
  EXPECT_EQ(error_of(PeerData{.offsets = {std::uint64_t{1} << 63U}}), WireError::BadSpec);
  EXPECT_EQ(error_of(PeerData{.offsets = {~std::uint64_t{63}}}), WireError::BadSpec);
  EXPECT_EQ(error_of(PeerData{.offsets = {(std::uint64_t{1} << 63U) - 64}}), std::nullopt);
}

TEST(PeerData, CountsDeliveriesMessagesAndAttemptsFromOne) {
  EXPECT_EQ(error_of(PeerData{.stamp = {.delivery = 0, .sequence = 1}}), WireError::BadField);
  EXPECT_EQ(error_of(PeerData{.stamp = {.delivery = 1, .sequence = 0}}), WireError::BadField);
  EXPECT_EQ(error_of(PeerData{.stamp = {.delivery = 1, .sequence = 1, .attempt = 0}}), WireError::BadField);
}

TEST(PeerData, DescribesNoMoreArraysThanItHas) {
  EXPECT_EQ(error_of(PeerData{.infos = 1}), std::nullopt);
  EXPECT_EQ(error_of(PeerData{.infos = 2}), WireError::BadField);
}

TEST(StampedData, IsWhatItsTemplateAndItsStampSayAtAnyAlignment) {
  Encoder encoder;
  const std::vector<ArraySpec> specs{{DType::UInt8, {7}, {}}};
  const auto encoded = encoder.data({specs, {}, {}, Timestamp{}, 5, 6});
  const Stamp expected{.delivery = 3, .sequence = 4, .missed_before = 5, .slot = 0, .attempt = 7, .from_history = true};
  Decoder decoder;
  Data data;
  for (std::size_t shift = 0; shift < 16; ++shift) {
    std::vector<std::byte> memory(encoded.size() + 16);
    const auto copy = std::span(memory).subspan(shift, encoded.size());
    std::copy(encoded.begin(), encoded.end(), copy.begin());
    stamp(copy, {10, 11}, {12, 13}, {.delivery = 99, .sequence = 99});
    stamp(copy, {1, 2}, {3, 4}, expected);
    const auto envelope = decoder.read(copy);
    ASSERT_TRUE(envelope);
    EXPECT_EQ(*envelope, (Envelope{kVersion, Kind::Data, {1, 2}, {3, 4}}));
    ASSERT_TRUE(decoder.data(data));
    EXPECT_EQ(data.stamp, expected);
    EXPECT_EQ(data.checksum, 6U);
  }
}

TEST(StampedData, IsRefusedUnlessItWasStamped) {
  Encoder encoder;
  Decoder decoder;
  const std::vector<ArraySpec> specs{{DType::UInt8, {7}, {}}};
  const auto envelope = decoder.read(encoder.data({specs, {}, {}, Timestamp{}, 0, std::nullopt}));
  ASSERT_FALSE(envelope);
  EXPECT_EQ(envelope.error(), WireError::BadField);
}

}  // namespace
}  // namespace arraywire::wire
