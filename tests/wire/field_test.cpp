// Fields that verify as FlatBuffers but that the protocol does not allow, made with the schema itself.
#include "wire/message.hpp"

#include <gtest/gtest.h>

#include <arraywire_generated.h>

#include <functional>

namespace arraywire::wire {
namespace {

using flatbuffers::FlatBufferBuilder;

template <class Body>
std::vector<std::byte> finish(FlatBufferBuilder& builder, proto::Body kind, flatbuffers::Offset<Body> body, Id epoch = {1, 1},
                              Id session = {2, 2}) {
  const proto::Version version(kVersion.major, kVersion.minor);
  const proto::Id wire_epoch(epoch.high, epoch.low);
  const proto::Id wire_session(session.high, session.low);
  proto::FinishHeaderBuffer(builder, proto::CreateHeader(builder, &version, &wire_epoch, &wire_session, kind, body.Union()));
  const auto bytes = std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
  return {bytes.begin(), bytes.end()};
}

std::optional<WireError> error_of(std::span<const std::byte> header) {
  Decoder decoder;
  const auto message = testing::receive(decoder, header);
  return message ? std::nullopt : std::optional(message.error());
}

struct PeerHello {
  std::uint32_t queue = 1;
  std::uint32_t hold = 1;
  std::uint8_t when_full = 0;
  std::uint8_t lane = 0;
  std::string_view name = "viewer";
};
std::optional<WireError> error_of(const PeerHello& hello) {
  FlatBufferBuilder builder;
  const auto name = builder.CreateString(hello.name.data(), hello.name.size());
  return error_of(
      finish(builder, proto::Body::Hello,
             proto::CreateHello(builder, name, 0, 0, hello.queue, hello.hold, 0, static_cast<proto::WhenFull>(hello.when_full),
                                static_cast<proto::LaneChoice>(hello.lane))));
}

struct PeerWelcome {
  std::uint32_t queue = 1;
  std::uint32_t hold = 1;
  std::uint8_t delivery = 0;
  std::uint8_t lane = 0;
  std::uint8_t when_full = 1;
  std::string_view stream = "camera";
};
std::optional<WireError> error_of(const PeerWelcome& welcome) {
  FlatBufferBuilder builder;
  const auto stream = builder.CreateString(welcome.stream.data(), welcome.stream.size());
  return error_of(finish(builder, proto::Body::Welcome,
                         proto::CreateWelcome(builder, stream, static_cast<proto::Delivery>(welcome.delivery),
                                              static_cast<proto::Lane>(welcome.lane), 0, welcome.queue, welcome.hold,
                                              static_cast<proto::WhenFull>(welcome.when_full))));
}

using MakeMetadata = std::function<flatbuffers::Offset<proto::Metadata>(FlatBufferBuilder&)>;
std::vector<std::byte> welcome_of(FlatBufferBuilder& builder, const MakeMetadata& make) {
  const auto metadata = make(builder);
  return finish(builder, proto::Body::Welcome,
                proto::CreateWelcomeDirect(builder, "camera", proto::Delivery::FanOut, proto::Lane::Inline, nullptr, 1, 1,
                                           proto::WhenFull::Block, 0, 0, nullptr, metadata));
}
std::optional<WireError> metadata_with(const MakeMetadata& make) {
  FlatBufferBuilder builder;
  return error_of(welcome_of(builder, make));
}
std::optional<WireError> attributes_with(
    std::vector<std::function<flatbuffers::Offset<proto::Attribute>(FlatBufferBuilder&)>> makers) {
  return metadata_with([&](FlatBufferBuilder& builder) {
    std::vector<flatbuffers::Offset<proto::Attribute>> attributes;
    for (const auto& make : makers) attributes.push_back(make(builder));
    return proto::CreateMetadataDirect(builder, nullptr, nullptr, 0, proto::Clock::Host, &attributes);
  });
}

TEST(HelloFields, OutOfRangeAreRefused) {
  EXPECT_EQ(error_of(PeerHello{}), std::nullopt);
  EXPECT_EQ(error_of(PeerHello{.queue = kMaxQueue, .hold = kMaxQueue, .when_full = 3, .lane = 2}), std::nullopt);
  EXPECT_EQ(error_of(PeerHello{.queue = 0}), WireError::BadField);
  EXPECT_EQ(error_of(PeerHello{.queue = kMaxQueue + 1}), WireError::BadField);
  EXPECT_EQ(error_of(PeerHello{.hold = 0}), WireError::BadField);
  EXPECT_EQ(error_of(PeerHello{.hold = kMaxQueue + 1}), WireError::BadField);
  EXPECT_EQ(error_of(PeerHello{.when_full = 4}), WireError::BadField);
  EXPECT_EQ(error_of(PeerHello{.lane = 3}), WireError::BadField);
}

TEST(HelloFields, NamesAreTextOfLimitedLength) {
  EXPECT_EQ(error_of(PeerHello{.name = std::string(kMaxNameBytes, 'x')}), std::nullopt);
  EXPECT_EQ(error_of(PeerHello{.name = std::string(kMaxNameBytes + 1, 'x')}), WireError::BadField);
  EXPECT_EQ(error_of(PeerHello{.name = "\xFF"}), WireError::BadField);
  EXPECT_EQ(error_of(PeerHello{.name = std::string_view("a\0b", 3)}), WireError::BadField);
}

TEST(HelloFields, MayAllBeAbsentButQueueAndHold) {
  FlatBufferBuilder builder;
  const auto header = finish(builder, proto::Body::Hello, proto::CreateHello(builder, 0, 0, 0, 1, 1), {}, {2, 2});
  Decoder decoder;
  const auto message = testing::receive(decoder, header);
  ASSERT_TRUE(message) << describe(message.error());
  EXPECT_EQ(std::get<Hello>(message->body), (Hello{.queue = 1, .hold = 1}));
}

TEST(ListedDeliveries, AreLimited) {
  const auto with = [](std::size_t count) {
    FlatBufferBuilder builder;
    const std::vector<std::uint64_t> listed(count, 1);
    const auto bye = error_of(finish(builder, proto::Body::Bye, proto::CreateByeDirect(builder, &listed)));
    builder.Clear();
    EXPECT_EQ(error_of(finish(builder, proto::Body::Return, proto::CreateReturnDirect(builder, 0, &listed, nullptr))), bye);
    builder.Clear();
    EXPECT_EQ(error_of(finish(builder, proto::Body::Return, proto::CreateReturnDirect(builder, 0, nullptr, &listed))), bye);
    return bye;
  };
  EXPECT_EQ(with(0), std::nullopt);
  EXPECT_EQ(with(kMaxListed), std::nullopt);
  EXPECT_EQ(with(kMaxListed + 1), WireError::BadField);
}

TEST(WelcomeFields, OutOfRangeAreRefused) {
  EXPECT_EQ(error_of(PeerWelcome{}), std::nullopt);
  EXPECT_EQ(error_of(PeerWelcome{.delivery = 1, .lane = 1, .when_full = 3}), std::nullopt);
  EXPECT_EQ(error_of(PeerWelcome{.queue = 0}), WireError::BadField);
  EXPECT_EQ(error_of(PeerWelcome{.hold = kMaxQueue + 1}), WireError::BadField);
  EXPECT_EQ(error_of(PeerWelcome{.delivery = 2}), WireError::BadField);
  EXPECT_EQ(error_of(PeerWelcome{.lane = 2}), WireError::BadField);
  EXPECT_EQ(error_of(PeerWelcome{.when_full = 0}), WireError::BadField) << "the publisher resolves Automatic";
  EXPECT_EQ(error_of(PeerWelcome{.when_full = 99}), WireError::BadField);
  EXPECT_EQ(error_of(PeerWelcome{.stream = ""}), WireError::BadField);
}

TEST(Ids, AreThereExceptWhereNoneCanBeKnown) {
  const auto with = [](proto::Body kind, Id epoch, Id session) {
    FlatBufferBuilder builder;
    if (kind == proto::Body::Hello)
      return error_of(finish(builder, kind, proto::CreateHello(builder, 0, 0, 0, 1, 1), epoch, session));
    if (kind == proto::Body::Refused) return error_of(finish(builder, kind, proto::CreateRefused(builder), epoch, session));
    return error_of(finish(builder, kind, proto::CreateAlive(builder), epoch, session));
  };
  EXPECT_EQ(with(proto::Body::Alive, {1, 0}, {0, 1}), std::nullopt);
  EXPECT_EQ(with(proto::Body::Alive, {}, {0, 1}), WireError::BadField);
  EXPECT_EQ(with(proto::Body::Alive, {1, 0}, {}), WireError::BadField);
  EXPECT_EQ(with(proto::Body::Hello, {}, {0, 1}), std::nullopt);
  EXPECT_EQ(with(proto::Body::Hello, {}, {}), WireError::BadField);
  EXPECT_EQ(with(proto::Body::Refused, {1, 0}, {}), std::nullopt);
  EXPECT_EQ(with(proto::Body::Refused, {}, {0, 1}), WireError::BadField);
}

TEST(RefusedFields, WithoutAVersionMeanTheHeadersOwn) {
  FlatBufferBuilder builder;
  Decoder decoder;
  const auto message =
      testing::receive(decoder, finish(builder, proto::Body::Refused, proto::CreateRefusedDirect(builder, "full")));
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Refused>(message->body), (Refused{"full", kVersion}));
}

TEST(AttributeFields, KeysAreTextNotEmptyAndThereOnce) {
  const auto key = [](std::string_view text) {
    return [text](FlatBufferBuilder& b) { return proto::CreateAttribute(b, b.CreateString(text.data(), text.size())); };
  };
  EXPECT_EQ(attributes_with({key("a"), key("b")}), std::nullopt);
  EXPECT_EQ(attributes_with({key("a"), key("b"), key("a")}), WireError::BadField);
  EXPECT_EQ(attributes_with({key("")}), WireError::BadField);
  EXPECT_EQ(attributes_with({key("\xC0\x80")}), WireError::BadField);
  EXPECT_EQ(attributes_with({key(std::string_view("\0", 1))}), WireError::BadField);
}

TEST(AttributeFields, ValuesAreOfAKnownTypeAndInItsRange) {
  const auto value = [](proto::AttributeType type, std::int64_t integer, const char* text) {
    return [=](FlatBufferBuilder& b) { return proto::CreateAttributeDirect(b, "k", type, integer, 0, text); };
  };
  EXPECT_EQ(attributes_with({value(proto::AttributeType::Bool, 1, nullptr)}), std::nullopt);
  EXPECT_EQ(attributes_with({value(proto::AttributeType::Bool, 2, nullptr)}), WireError::BadField);
  EXPECT_EQ(attributes_with({value(proto::AttributeType::Text, 0, nullptr)}), std::nullopt);
  EXPECT_EQ(attributes_with({value(proto::AttributeType::Text, 0, "\xFF")}), WireError::BadField);
  EXPECT_EQ(attributes_with({value(static_cast<proto::AttributeType>(4), 0, nullptr)}), WireError::BadField);
}

TEST(AttributeFields, AreLimitedInNumber) {
  const auto with = [](std::size_t count) {
    return metadata_with([count](FlatBufferBuilder& builder) {
      std::vector<flatbuffers::Offset<proto::Attribute>> attributes;
      for (std::size_t i = 0; i < count; ++i)
        attributes.push_back(proto::CreateAttributeDirect(builder, std::to_string(i).c_str()));
      return proto::CreateMetadataDirect(builder, nullptr, nullptr, 0, proto::Clock::Host, &attributes);
    });
  };
  EXPECT_EQ(with(kMaxAttributes), std::nullopt);
  EXPECT_EQ(with(kMaxAttributes + 1), WireError::BadField);
  EXPECT_EQ(with(20'000), WireError::Malformed);  // more tables than are looked at
}

TEST(MetadataFields, OutOfRangeAreRefused) {
  const auto with = [](proto::Clock clock, std::size_t infos) {
    return metadata_with([=](FlatBufferBuilder& builder) {
      std::vector<flatbuffers::Offset<proto::ArrayInfo>> arrays;
      for (std::size_t i = 0; i < infos; ++i) arrays.push_back(proto::CreateArrayInfo(builder));
      return proto::CreateMetadataDirect(builder, nullptr, nullptr, 0, clock, nullptr, &arrays);
    });
  };
  EXPECT_EQ(with(proto::Clock::Device, kMaxArrays), std::nullopt);
  EXPECT_EQ(with(static_cast<proto::Clock>(3), 0), WireError::BadField);
  EXPECT_EQ(with(proto::Clock::Host, kMaxArrays + 1), WireError::BadField);
}

TEST(MetadataFields, ANameThatIsNotTextIsRefusedWhereverItIs) {
  const auto with = [](const char* name, const char* dimension, const char* channel) {
    return metadata_with([=](FlatBufferBuilder& builder) {
      const std::vector<flatbuffers::Offset<proto::Name>> dimensions{proto::CreateNameDirect(builder, dimension)};
      const std::vector<flatbuffers::Offset<proto::Name>> channels{proto::CreateNameDirect(builder, channel)};
      const std::vector<flatbuffers::Offset<proto::ArrayInfo>> arrays{
          proto::CreateArrayInfoDirect(builder, name, &dimensions, nullptr, &channels)};
      return proto::CreateMetadataDirect(builder, nullptr, nullptr, 0, proto::Clock::Host, nullptr, &arrays);
    });
  };
  EXPECT_EQ(with("image", "x", "R"), std::nullopt);
  EXPECT_EQ(with("\xFF", "x", "R"), WireError::BadField);
  EXPECT_EQ(with("image", "\xFF", "R"), WireError::BadField);
  EXPECT_EQ(with("image", "x", "\xFF"), WireError::BadField);
}

// A header of less than 1 MiB that asks for 64 GiB of text: 1,024 attributes that all name the same 1 MB.
TEST(MetadataFields, TextThatIsThereOnceCannotBeAskedForAThousandTimes) {
  EXPECT_EQ(metadata_with([](FlatBufferBuilder& builder) {
              const auto text = builder.CreateString(std::string(900'000, 'x'));
              std::vector<flatbuffers::Offset<proto::Attribute>> attributes;
              for (std::size_t i = 0; i < kMaxAttributes; ++i) {
                const auto key = builder.CreateString(std::to_string(i));
                attributes.push_back(proto::CreateAttribute(builder, key, proto::AttributeType::Text, 0, 0, text));
              }
              return proto::CreateMetadataDirect(builder, nullptr, nullptr, 0, proto::Clock::Host, &attributes);
            }),
            WireError::BadField);
}

TEST(MetadataFields, NamesAreLimitedInNumber) {
  const auto with = [](std::size_t arrays, std::size_t names) {
    return metadata_with([=](FlatBufferBuilder& builder) {
      const std::vector<flatbuffers::Offset<proto::Name>> list(names, proto::CreateName(builder));
      std::vector<flatbuffers::Offset<proto::ArrayInfo>> infos;
      for (std::size_t i = 0; i < arrays; ++i)
        infos.push_back(proto::CreateArrayInfoDirect(builder, nullptr, &list, nullptr, &list));
      return proto::CreateMetadataDirect(builder, nullptr, nullptr, 0, proto::Clock::Host, nullptr, &infos);
    });
  };
  EXPECT_EQ(with(1, kMaxNames / 2), std::nullopt);
  EXPECT_EQ(with(1, kMaxNames / 2 + 1), WireError::BadField);
  EXPECT_EQ(with(64, kMaxNames / 128 + 1), WireError::BadField);
  EXPECT_EQ(with(64, 1000), WireError::Malformed) << "a header that would take long to verify";
}

}  // namespace
}  // namespace arraywire::wire
