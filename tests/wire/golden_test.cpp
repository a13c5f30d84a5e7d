#include "wire/golden.hpp"

#include "wire/decoder.hpp"

#include <gtest/gtest.h>

#include <set>

namespace arraywire::wire {
namespace {

using testing::golden_folder;
using testing::golden_messages;

void expect_equal(const Data& actual, const Data& expected) {
  EXPECT_EQ(actual.stamp, expected.stamp);
  EXPECT_EQ(static_cast<const Metadata&>(actual.info), static_cast<const Metadata&>(expected.info));
  EXPECT_EQ(actual.specs, expected.specs);
  EXPECT_EQ(actual.payload_bytes, expected.payload_bytes);
  EXPECT_EQ(actual.offsets, expected.offsets);
  EXPECT_EQ(actual.published_steady_ns, expected.published_steady_ns);
  EXPECT_EQ(actual.checksum, expected.checksum);
  EXPECT_EQ(actual.info.published, expected.info.published);
  EXPECT_EQ(actual.info.sequence, expected.stamp.sequence);
  EXPECT_EQ(actual.info.missed_before, expected.stamp.missed_before);
  EXPECT_EQ(actual.info.from_history, expected.stamp.from_history);
  EXPECT_EQ(actual.info.attempt, expected.stamp.attempt);
  EXPECT_EQ(actual.info.has_checksum, expected.checksum.has_value());
  EXPECT_FALSE(actual.info.gap_before);
  EXPECT_EQ(actual.info.latency, std::nullopt);
}

// Decodes into a body that held something else before, as receivers do.
struct ExpectDecodes {
  const Decoder& decoder;

  template <class Body> void check(const Body& expected, bool (Decoder::*decode)(Body&) const) const {
    Body actual;
    ASSERT_TRUE((decoder.*decode)(actual)) << describe(decoder.body_error());
    EXPECT_EQ(actual, expected);
    EXPECT_TRUE((decoder.*decode)(actual));
    EXPECT_EQ(actual, expected) << "when decoded again over itself";
  }
  void operator()(const Hello& body) const { check(body, &Decoder::hello); }
  void operator()(const Welcome& body) const { check(body, &Decoder::welcome); }
  void operator()(const Refused& body) const { check(body, &Decoder::refused); }
  void operator()(const Return& body) const { check(body, &Decoder::returns); }
  void operator()(const End& body) const { check(body, &Decoder::end); }
  void operator()(const Bye& body) const { check(body, &Decoder::bye); }
  void operator()(const testing::Alive&) const {}
  void operator()(const Data& body) const {
    Data actual;
    actual.info.latency = std::chrono::nanoseconds(1);
    actual.info.gap_before = true;
    ASSERT_TRUE(decoder.data(actual)) << describe(decoder.body_error());
    expect_equal(actual, body);
  }
};

TEST(GoldenVectors, DecodeToWhatTheirDescriptionSays) {
  Decoder decoder;
  for (const auto& message : golden_messages(golden_folder())) {
    SCOPED_TRACE(message.file);
    const auto envelope = decoder.read(testing::read_file(golden_folder() / message.file));
    ASSERT_TRUE(envelope) << describe(envelope.error());
    EXPECT_EQ(*envelope, message.envelope);
    EXPECT_EQ(decoder.peer_version(), message.envelope.version);
    std::visit(ExpectDecodes{decoder}, message.body);
  }
}

TEST(GoldenVectors, AreWhatTheEncoderMakesOfTheirDescription) {
  Encoder encoder;
  for (const auto& message : golden_messages(golden_folder())) {
    EXPECT_EQ(testing::encode(encoder, message), testing::read_file(golden_folder() / message.file)) << message.file;
  }
}

TEST(GoldenVectors, CoverEveryKindAndNoFileIsWithoutDescription) {
  std::set<Kind> kinds;
  std::set<std::string> described;
  for (const auto& message : golden_messages(golden_folder())) {
    kinds.insert(message.envelope.kind);
    described.insert(message.file);
  }
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(Kind::Bye) + 1);
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(golden_folder())) {
    if (entry.path().extension() == ".bin") files.insert(entry.path().filename());
  }
  EXPECT_EQ(files, described);
}

}  // namespace
}  // namespace arraywire::wire
