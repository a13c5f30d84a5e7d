// An encoder writes a Data like the one before it by changing that one: the bytes must be those of an encoder that has no such
// past.
#include "arraywire/error.hpp"
#include "wire/encoder.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <vector>

namespace arraywire::wire {
namespace {

constexpr Envelope kEnvelope{.epoch = {1, 2}, .session = {3, 4}};

struct Sent {
  std::vector<ArraySpec> specs{{DType::UInt16, {2160, 3840, 3}, {}}};
  std::vector<std::uint64_t> offsets{0};
  Metadata metadata{};
  std::int64_t published = 1;
  std::int64_t published_steady_ns = 2;
  std::optional<std::uint64_t> checksum{};

  std::vector<std::byte> by(Encoder& encoder) const {
    const auto bytes = encoder.data({.specs = specs,
                                     .offsets = offsets,
                                     .metadata = metadata,
                                     .published = Timestamp(std::chrono::nanoseconds(published)),
                                     .published_steady_ns = published_steady_ns,
                                     .checksum = checksum});
    return {bytes.begin(), bytes.end()};
  }
};

class RepeatedData : public ::testing::Test {
 protected:
  void expect_as_new(const std::string& what) {
    Encoder fresh;
    const auto expected = sent_.by(fresh);
    EXPECT_EQ(sent_.by(encoder_), expected) << what;
    EXPECT_EQ(sent_.by(encoder_), expected) << what << ", again";
  }

  Sent sent_{};
  Encoder encoder_{};
};

TEST_F(RepeatedData, HasTheNumbersOfItsOwn) {
  sent_.metadata.frame_id = 1;
  sent_.metadata.acquired = Timestamp{};
  sent_.checksum = 3;
  for (int frame = 0; frame < 5; ++frame) {
    expect_as_new("frame " + std::to_string(frame));
    sent_.metadata.frame_id = std::numeric_limits<std::uint64_t>::max() - static_cast<std::uint64_t>(frame);
    sent_.metadata.acquired = Timestamp(std::chrono::nanoseconds(-frame));
    sent_.checksum = static_cast<std::uint64_t>(frame) << 60U;
    sent_.published = -frame;
    sent_.published_steady_ns += 1;
  }
}

TEST_F(RepeatedData, IsWrittenAnewWhenAnythingElseChanges) {
  using Change = std::function<void(Sent&)>;
  const std::vector<std::pair<std::string, Change>> changes{
      {"nothing", [](Sent&) {}},
      {"frame id", [](Sent& s) { s.metadata.frame_id = 0; }},
      {"acquired", [](Sent& s) { s.metadata.acquired = Timestamp{}; }},
      {"checksum", [](Sent& s) { s.checksum = 0; }},
      {"exposure", [](Sent& s) { s.metadata.exposure = std::chrono::nanoseconds{1}; }},
      {"clock", [](Sent& s) { s.metadata.clock = ClockSource::Ptp; }},
      {"no monotonic time", [](Sent& s) { s.published_steady_ns = 0; }},
      {"monotonic time", [](Sent& s) { s.published_steady_ns = 9; }},
      {"dtype", [](Sent& s) { s.specs.front().dtype = DType::Float16; }},
      {"shape",
       [](Sent& s) {
         s.specs.front().shape = {2160, 3840};
       }},
      {"strides",
       [](Sent& s) {
         s.specs.front().stride_bytes = {7680, 2};
       }},
      {"offset", [](Sent& s) { s.offsets.front() = 4096; }},
      {"no offsets", [](Sent& s) { s.offsets.clear(); }},
      {"attribute", [](Sent& s) { s.metadata.attributes.set("gain", 0.0); }},
      {"minus zero", [](Sent& s) { s.metadata.attributes.set("gain", -0.0); }},
      {"not a number", [](Sent& s) { s.metadata.attributes.set("gain", std::numeric_limits<double>::quiet_NaN()); }},
      {"type of an attribute", [](Sent& s) { s.metadata.attributes.set("gain", 0); }},
      {"another attribute", [](Sent& s) { s.metadata.attributes.set("lens", "35 mm"); }},
      {"text of it", [](Sent& s) { s.metadata.attributes.set("lens", "50 mm"); }},
      {"one attribute less", [](Sent& s) { s.metadata.attributes.erase("gain"); }},
      {"info of an array", [](Sent& s) { s.metadata.arrays.resize(1); }},
      {"unit", [](Sent& s) { s.metadata.arrays.front().unit = "nm"; }},
      {"second array", [](Sent& s) { s.specs.push_back(s.specs.front()); }},
      {"frame id gone", [](Sent& s) { s.metadata.frame_id.reset(); }},
      {"acquired gone", [](Sent& s) { s.metadata.acquired.reset(); }},
      {"checksum gone", [](Sent& s) { s.checksum.reset(); }}};
  for (const auto& [what, change] : changes) {
    change(sent_);
    expect_as_new(what);
  }
}

TEST_F(RepeatedData, ForgetsWhatWasRefusedAndWhatCameBetween) {
  expect_as_new("first");
  sent_.metadata.attributes.set("name", "\xff");
  EXPECT_THROW(sent_.by(encoder_), Error);
  EXPECT_THROW(sent_.by(encoder_), Error) << "again";
  sent_.metadata.attributes.clear();
  expect_as_new("after what was refused");
  encoder_.alive(kEnvelope);
  expect_as_new("after another message");
}

}  // namespace
}  // namespace arraywire::wire
