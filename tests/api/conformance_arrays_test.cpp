// What every transport promises of arrays and their order.
#include "api/conformance.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <thread>
#include <vector>

namespace arraywire::testing {
namespace {

TEST_P(Conformance, EveryMessageArrivesInOrderAndThenTheEnd) {
  Publisher publisher(context, "stream", publisher_options());
  Subscriber first(context, source(publisher));
  Subscriber second(context, source(publisher), {.queue = 1, .hold = 1});
  ASSERT_TRUE(publisher.wait_for_subscribers(2, kWatchdog));
  std::thread sender([&] {
    for (std::uint64_t i = 1; i <= 300; ++i) {
      const auto published = publish_value(publisher, i);
      ASSERT_TRUE(published);
      EXPECT_EQ(published->receivers, 2U);
      EXPECT_EQ(published->sequence, i);
    }
    EXPECT_TRUE(publisher.finish(kWatchdog).complete);
  });
  std::vector<std::uint64_t> seen;
  std::thread reader([&] { seen = take_all(second); });
  EXPECT_EQ(take_all(first), counted(300));
  reader.join();
  sender.join();
  EXPECT_EQ(seen, counted(300));
  EXPECT_EQ(first.statistics().missed, 0U);
  EXPECT_EQ(publisher.statistics().dropped_peer_messages, 0U);
}

TEST_P(Conformance, ArraysArriveWithTheirSpecsAndMetadata) {
  PublisherOptions options = publisher_options();
  options.checksum = true;
  options.metadata.attributes.set("detector", "Eiger");
  Publisher publisher(context, "stream", options);
  Subscriber subscriber(context, source(publisher));
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));

  const std::vector<ArraySpec> specs{{.dtype = DType::UInt16, .shape = {4, 6, 3}},
                                     {.dtype = DType::Bool, .shape = {4, 6}},
                                     {.dtype = DType::Complex128, .shape = {}},
                                     {.dtype = DType::Float32, .shape = {0, 7}}};
  Metadata metadata;
  metadata.frame_id = 41;
  metadata.acquired = Timestamp(std::chrono::nanoseconds(123456789));
  metadata.clock = ClockSource::Ptp;
  metadata.exposure = 5ms;
  metadata.attributes.set("gain", 1.5);
  metadata.attributes.set("shutter", true);
  metadata.attributes.set("count", 7);
  metadata.arrays = {
      {.name = "image", .dimension_names = {"y", "x", "c"}, .significant_bits = 12, .colour = Colour{9, 16, 0, true}},
      {.name = "mask"}};
  auto loan = publisher.loan(specs);
  ASSERT_TRUE(loan);
  for (std::size_t i = 0; i < loan->size(); ++i) {
    const auto bytes = loan->array(i).bytes();
    for (std::size_t b = 0; b < bytes.size(); ++b) bytes[b] = static_cast<std::byte>(b * 7 + i);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % kArrayAlignmentBytes, 0U);
  }
  ASSERT_TRUE(publisher.publish(std::move(*loan), metadata));
  EXPECT_FALSE(*loan);

  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  ASSERT_EQ(sample->size(), specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    EXPECT_EQ(sample->array(i).spec(), specs[i]);
    const auto bytes = sample->array(i).bytes();
    for (std::size_t b = 0; b < bytes.size(); ++b) ASSERT_EQ(bytes[b], static_cast<std::byte>(b * 7 + i));
  }
  EXPECT_EQ(static_cast<const Metadata&>(sample->info()), metadata);
  EXPECT_EQ(sample->array("mask").spec(), specs[1]);
  EXPECT_THROW(static_cast<void>(sample->array("depth")), Error);
  EXPECT_TRUE(sample->verify());
  EXPECT_EQ(sample->info().sequence, 1U);
  ASSERT_TRUE(sample->info().latency.has_value()) << "both ends are on one host";
  ASSERT_NE(subscriber.stream_metadata().attributes.find("detector"), nullptr);
  EXPECT_EQ(subscriber.stream(), "stream");
}

TEST_P(Conformance, TheLaneIsTheOneOfTheWayAndIsSaidEverywhere) {
  const Lane lane = transport() == Transport::SharedMemory ? Lane::SharedMemory : Lane::Inline;
  Publisher publisher(context, "stream", publisher_options());
  Subscriber subscriber(context, source(publisher));
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  ASSERT_TRUE(publish_value(publisher, 1));
  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->lane(), lane);
  EXPECT_EQ(subscriber.status().lane, lane);
  EXPECT_EQ(publisher.statistics().consumers.at(0).lane, lane);
  EXPECT_FALSE(publisher.statistics().consumers.at(0).lane_reason.empty());
}

TEST_P(Conformance, ABorrowedArrayIsSentInPlaceAndGivenBackOnce) {
  Publisher publisher(context, "stream", publisher_options());
  Subscriber subscriber(context, source(publisher));
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  std::vector<std::uint16_t> pixels(640 * 480);
  std::iota(pixels.begin(), pixels.end(), std::uint16_t{0});
  std::atomic<int> freed{0};
  const FreeCallback callback{[](void* hint) noexcept { static_cast<std::atomic<int>*>(hint)->fetch_add(1); }, &freed};
  const auto published = publisher.publish(Borrowed(view_of(std::span<const std::uint16_t>(pixels), {480, 640}), callback));
  ASSERT_TRUE(published);
  const std::uint32_t copies = transport() == Transport::SharedMemory ? 1 : 0;  // there every byte must be in a slot
  EXPECT_EQ(published->copies, copies);
  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_THAT(sample->array().values<std::uint16_t>(), ::testing::ElementsAreArray(pixels));
  EXPECT_TRUE(eventually([&] { return freed == 1; }));
  EXPECT_EQ(publisher.statistics().slots, copies);
  EXPECT_EQ(publisher.statistics().copies, copies);
}

TEST_P(Conformance, PaddedRowsArriveAsTheyAre) {
  Publisher publisher(context, "stream", publisher_options());
  Subscriber subscriber(context, source(publisher));
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  auto buffer = std::make_shared<std::vector<std::uint8_t>>(10 * 64);
  std::iota(buffer->begin(), buffer->end(), std::uint8_t{0});
  const ArraySpec padded{.dtype = DType::UInt8, .shape = {10, 50}, .stride_bytes = {64, 1}};
  ASSERT_TRUE(publisher.publish(keep(ConstArrayView(padded, std::as_bytes(std::span(*buffer))), buffer)));
  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->array().spec(), padded);
  EXPECT_FALSE(sample->array().contiguous());
  std::vector<std::uint8_t> packed(500);
  copy_elements(sample->array(), view_of(std::span(packed), {10, 50}));
  for (std::size_t y = 0; y < 10; ++y) {
    for (std::size_t x = 0; x < 50; ++x) ASSERT_EQ(packed[y * 50 + x], (*buffer)[y * 64 + x]);
  }
}

TEST_P(Conformance, TakeIntoFillsTheCallersArrayAndRefusesAnotherSpec) {
  Publisher publisher(context, "stream", publisher_options());
  Subscriber subscriber(context, source(publisher));
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  std::vector<double> values(1000);
  std::iota(values.begin(), values.end(), 0.5);
  ASSERT_TRUE(publisher.publish_copy(view_of(std::span<const double>(values), {10, 100})));
  std::vector<double> target(1000);
  const auto wrong = subscriber.take_into(view_of(std::span(target), {1000}), kWatchdog);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error(), TakeError::WrongSpec);
  const auto info = subscriber.take_into(view_of(std::span(target), {10, 100}), kWatchdog);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->sequence, 1U);
  EXPECT_EQ(target, values);
  EXPECT_EQ(subscriber.statistics().copies, 1U);
}

TEST_P(Conformance, AnIdleSubscriberOfAnotherEventLoopMissesNoWakeUp) {
  // One thread takes when the descriptor says so, another releases; in flight is little, so any lost wake-up hangs for good.
  Publisher publisher(context, "stream", publisher_options());
  Subscriber subscriber(context, source(publisher), {.queue = 2, .hold = 2});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  const std::uint64_t messages = 20'000;
  std::thread sender([&] {
    for (std::uint64_t i = 1; i <= messages; ++i) ASSERT_TRUE(publish_value(publisher, i));
    publisher.finish(kWatchdog);
  });
  std::uint64_t taken = 0;
  for (bool ended = false; !ended;) {
    auto sample = subscriber.take(kWatchdog);
    if (sample) {
      ASSERT_EQ(value_of(*sample), ++taken);
    } else {
      ASSERT_EQ(sample.error(), TakeError::Ended);
      ended = true;
    }
  }
  EXPECT_EQ(taken, messages);
  sender.join();
}

}  // namespace
}  // namespace arraywire::testing
