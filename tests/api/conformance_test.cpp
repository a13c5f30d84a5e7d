// What every transport promises. Runs unchanged over each of them.
#include "api/stream_pair.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <numeric>
#include <set>
#include <thread>

namespace arraywire::testing {
namespace {

class Conformance : public StreamPair, public ::testing::WithParamInterface<Transport> {
 public:
  Transport transport() const override { return GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(Over, Conformance, ::testing::Values(Transport::Ipc, Transport::Tcp),
                         [](const auto& instance) { return name(instance.param); });

// Takes until the stream ends; the values taken.
std::vector<std::uint64_t> take_all(Subscriber& subscriber) {
  std::vector<std::uint64_t> values;
  for (;;) {
    auto sample = subscriber.take(kWatchdog);
    if (!sample) {
      EXPECT_EQ(sample.error(), TakeError::Ended) << to_string(subscriber.status());
      return values;
    }
    values.push_back(value_of(*sample));
  }
}

std::vector<std::uint64_t> counted(std::uint64_t n) {
  std::vector<std::uint64_t> values(n);
  std::iota(values.begin(), values.end(), 1);
  return values;
}

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
  EXPECT_EQ(published->copies, 0U);
  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_THAT(sample->array().values<std::uint16_t>(), ::testing::ElementsAreArray(pixels));
  EXPECT_TRUE(eventually([&] { return freed == 1; }));
  EXPECT_EQ(publisher.statistics().slots, 0U);
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

TEST_P(Conformance, AFullQueueOfDropNewestLosesWhatItCannotTakeAndCountsIt) {
  Publisher publisher(context, "stream", publisher_options());
  Subscriber slow(context, source(publisher), {.when_full = WhenFull::DropNewest, .queue = 3, .hold = 1});
  Subscriber fast(context, source(publisher), {.queue = 4});
  ASSERT_TRUE(publisher.wait_for_subscribers(2, kWatchdog));
  std::vector<std::uint64_t> seen;
  std::thread reader([&] { seen = take_all(fast); });
  std::uint32_t missed = 0;
  for (std::uint64_t i = 1; i <= 50; ++i) {
    const auto published = publish_value(publisher, i);
    ASSERT_TRUE(published);
    missed += published->missed;
  }
  EXPECT_EQ(missed, 47U);
  std::thread finisher([&] { EXPECT_TRUE(publisher.finish(kWatchdog).complete); });
  EXPECT_EQ(take_all(slow), counted(3));
  finisher.join();
  reader.join();
  EXPECT_EQ(seen, counted(50)) << "the slow one is its own loss only";
  EXPECT_EQ(slow.statistics().missed, 47U);
  EXPECT_EQ(slow.statistics().taken + slow.statistics().missed, 50U);
}

TEST_P(Conformance, LatestTakesTheNewestThatWasPublishedBeforeItAsked) {
  Publisher publisher(context, "stream", publisher_options());
  Subscriber subscriber(context, source(publisher), {.when_full = WhenFull::Latest});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  for (std::uint64_t round = 1; round <= 20; ++round) {
    for (std::uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(publish_value(publisher, round * 100 + i));
    const auto sample = subscriber.take(kWatchdog);
    ASSERT_TRUE(sample);
    EXPECT_EQ(value_of(*sample), round * 100 + 10);
    EXPECT_EQ(sample->info().missed_before, 9U);
  }
  std::thread asker([&] {
    const auto next = subscriber.take(kWatchdog);
    ASSERT_TRUE(next);
    EXPECT_EQ(value_of(*next), 7U) << "nothing newer was there: the next one";
  });
  std::this_thread::sleep_for(20ms);
  ASSERT_TRUE(publish_value(publisher, 7));
  asker.join();
  ASSERT_TRUE(publish_value(publisher, 8));
  ASSERT_TRUE(publish_value(publisher, 9));
  std::thread finisher([&] { EXPECT_TRUE(publisher.finish(kWatchdog).complete); });
  EXPECT_EQ(take_all(subscriber), std::vector<std::uint64_t>{9}) << "what is kept is sent before the End";
  finisher.join();
  EXPECT_EQ(subscriber.statistics().taken + subscriber.statistics().missed, 203U);
}

TEST_P(Conformance, ABlockingSubscriberIsWaitedForOnceAndThenNotUntilItTakes) {
  PublisherOptions options = publisher_options();
  options.block_limit = 50ms;
  Publisher publisher(context, "stream", options);
  Subscriber subscriber(context, source(publisher), {.when_full = WhenFull::Block, .queue = 2, .hold = 1});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  std::uint32_t missed = 0;
  for (std::uint64_t i = 1; i <= 40; ++i) {
    const auto published = publish_value(publisher, i);
    ASSERT_TRUE(published);
    missed += published->missed;
  }
  EXPECT_EQ(missed, 38U);
  EXPECT_EQ(events.count(EventKind::Waived), 1U) << "the limit was waited for on one message, not on every one";
  ASSERT_TRUE(subscriber.take(kWatchdog));
  EXPECT_TRUE(eventually([&] { return publisher.statistics().consumers.at(0).taken == 1; }));
  const auto published = publish_value(publisher, 41);
  ASSERT_TRUE(published);
  EXPECT_EQ(published->receivers, 1U);
}

TEST_P(Conformance, ABlockedPublishGoesOnAsSoonAsSomebodyTakes) {
  Publisher publisher(context, "stream", publisher_options());
  Subscriber subscriber(context, source(publisher), {.queue = 1, .hold = 1});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  std::thread sender([&] {
    for (std::uint64_t i = 1; i <= 100; ++i) {
      const auto published = publish_value(publisher, i);
      ASSERT_TRUE(published);
      ASSERT_EQ(published->missed, 0U);
    }
    publisher.finish(kWatchdog);
  });
  EXPECT_EQ(take_all(subscriber), counted(100));
  sender.join();
}

TEST_P(Conformance, AJoinerFirstGetsTheHistoryFlagged) {
  PublisherOptions options = publisher_options();
  options.history = 3;
  Publisher publisher(context, "stream", options);
  for (std::uint64_t i = 1; i <= 5; ++i) ASSERT_TRUE(publish_value(publisher, i));
  Subscriber subscriber(context, source(publisher));
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  ASSERT_TRUE(publish_value(publisher, 6));
  for (std::uint64_t i = 3; i <= 6; ++i) {
    const auto sample = subscriber.take(kWatchdog);
    ASSERT_TRUE(sample);
    EXPECT_EQ(value_of(*sample), i);
    EXPECT_EQ(sample->info().from_history, i < 6);
    EXPECT_EQ(sample->info().missed_before, 0U);
  }
}

TEST_P(Conformance, DistributeGivesEachMessageToOneWorker) {
  PublisherOptions options = publisher_options();
  options.delivery = Delivery::Distribute;
  Publisher publisher(context, "stream", options);
  Subscriber a(context, source(publisher), {.queue = 2, .hold = 1});
  Subscriber b(context, source(publisher), {.queue = 2, .hold = 1});
  ASSERT_TRUE(publisher.wait_for_subscribers(2, kWatchdog));
  std::vector<std::uint64_t> by_a, by_b;
  std::thread worker_a([&] { by_a = take_all(a); });
  std::thread worker_b([&] { by_b = take_all(b); });
  for (std::uint64_t i = 1; i <= 200; ++i) ASSERT_TRUE(publish_value(publisher, i));
  EXPECT_TRUE(publisher.finish(kWatchdog).complete);
  worker_a.join();
  worker_b.join();
  EXPECT_FALSE(by_a.empty());
  EXPECT_FALSE(by_b.empty());
  std::vector<std::uint64_t> all = by_a;
  all.insert(all.end(), by_b.begin(), by_b.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, counted(200));
  EXPECT_EQ(a.statistics().missed + b.statistics().missed, 0U);
}

TEST_P(Conformance, DistributeWithoutAWorkerFailsAndLeavesTheLoan) {
  PublisherOptions options = publisher_options();
  options.delivery = Delivery::Distribute;
  options.block_limit = 10ms;
  Publisher publisher(context, "stream", options);
  auto loan = publisher.loan(bytes_spec(64));
  ASSERT_TRUE(loan);
  const auto refused = publisher.publish(std::move(*loan));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), PublishError::NoTaker);
  ASSERT_TRUE(*loan) << "success takes, failure leaves";
  Subscriber subscriber(context, source(publisher));
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  const auto published = publisher.publish(std::move(*loan));
  ASSERT_TRUE(published);
  EXPECT_EQ(published->sequence, 1U) << "a failed publish used no number";
  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
}

TEST_P(Conformance, ARejectedMessageGoesToAnotherWorkerAndIsGivenUpAfterThree) {
  PublisherOptions options = publisher_options();
  options.delivery = Delivery::Distribute;
  Publisher publisher(context, "stream", options);
  std::vector<std::unique_ptr<Subscriber>> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(std::make_unique<Subscriber>(context, source(publisher)));
  ASSERT_TRUE(publisher.wait_for_subscribers(3, kWatchdog));
  ASSERT_TRUE(publish_value(publisher, 77));
  std::vector<Subscriber*> all{workers[0].get(), workers[1].get(), workers[2].get()};
  std::size_t last = 99;
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    const auto ready = wait_any(all, kWatchdog);
    ASSERT_TRUE(ready.has_value());
    EXPECT_NE(*ready, last) << "not to the one that rejected it";
    last = *ready;
    auto sample = all[*ready]->take(kWatchdog);
    ASSERT_TRUE(sample);
    EXPECT_EQ(value_of(*sample), 77U);
    EXPECT_EQ(sample->info().attempt, attempt);
    sample->reject();
  }
  EXPECT_TRUE(eventually([&] { return publisher.statistics().abandoned == 1; }));
  EXPECT_EQ(events.count(EventKind::Abandoned), 1U);
  EXPECT_TRUE(publisher.finish(kWatchdog).complete);
}

TEST_P(Conformance, WhatAWorkerHadNotReleasedWhenItLeftGoesToAnother) {
  PublisherOptions options = publisher_options();
  options.delivery = Delivery::Distribute;
  Publisher publisher(context, "stream", options);
  auto leaver = std::make_unique<Subscriber>(context, source(publisher));
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  for (std::uint64_t i = 1; i <= 3; ++i) ASSERT_TRUE(publish_value(publisher, i));
  auto held = leaver->take(kWatchdog);
  ASSERT_TRUE(held);
  leaver.reset();  // holds message 1, never took 2 and 3
  Subscriber heir(context, source(publisher));
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 2; ++i) {
    const auto sample = heir.take(kWatchdog);
    ASSERT_TRUE(sample);
    EXPECT_EQ(sample->info().attempt, 2U);
    seen.insert(value_of(*sample));
  }
  EXPECT_EQ(seen, (std::set<std::uint64_t>{2, 3}));
  EXPECT_EQ(value_of(*held), 1U) << "a sample outlives its subscriber";
  held->release();
  EXPECT_TRUE(publisher.finish(kWatchdog).complete) << "a release after the subscriber is gone still counts";
  EXPECT_EQ(publisher.statistics().abandoned, 0U);
}

TEST_P(Conformance, HoldingEverythingIsSaidAtOnceAndReleasingHelps) {
  Publisher publisher(context, "stream", publisher_options());
  Subscriber subscriber(context, source(publisher), {.queue = 4, .hold = 2});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  for (std::uint64_t i = 1; i <= 3; ++i) ASSERT_TRUE(publish_value(publisher, i));
  auto one = subscriber.take(kWatchdog);
  auto two = subscriber.take(kWatchdog);
  ASSERT_TRUE(one && two);
  const auto full = subscriber.take(kForever);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error(), TakeError::HoldingAll);
  one->release();
  const auto three = subscriber.take(kWatchdog);
  ASSERT_TRUE(three);
  EXPECT_EQ(value_of(*three), 3U);
}

TEST_P(Conformance, FinishSaysWhoHasNotTakenEverything) {
  Publisher publisher(context, "stream", publisher_options());
  Subscriber subscriber(context, source(publisher), {.name = "sleeper"});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  ASSERT_TRUE(publish_value(publisher, 1));
  ASSERT_TRUE(publish_value(publisher, 2));
  const FinishReport report = publisher.finish(10ms);
  EXPECT_FALSE(report.complete);
  EXPECT_THAT(report.unfinished, ::testing::ElementsAre(::testing::HasSubstr("sleeper")));
  EXPECT_EQ(report.untaken, 2U);
  EXPECT_EQ(take_all(subscriber), counted(2)) << "it arrives all the same";
  EXPECT_TRUE(publisher.finish(kWatchdog).complete);
}

TEST_P(Conformance, TheDestructorSendsTheLastMessagesAndTheEnd) {
  auto publisher = std::make_unique<Publisher>(context, "stream", publisher_options());
  Subscriber subscriber(context, source(*publisher));
  ASSERT_TRUE(publisher->wait_for_subscribers(1, kWatchdog));
  for (std::uint64_t i = 1; i <= 4; ++i) ASSERT_TRUE(publish_value(*publisher, i, 5'000'000));
  std::thread closer([&] { publisher.reset(); });
  EXPECT_EQ(take_all(subscriber), counted(4));
  closer.join();
}

TEST_P(Conformance, SamplesStayReadableAfterEverythingElseIsGone) {
  std::optional<Sample> sample;
  Loan loan;
  {
    Context own({.runtime_directory = directory.path()});
    Publisher publisher(own, "stream", publisher_options());
    Subscriber subscriber(own, source(publisher));
    ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
    ASSERT_TRUE(publish_value(publisher, 5, 100'000));
    auto taken = subscriber.take(kWatchdog);
    ASSERT_TRUE(taken);
    sample.emplace(std::move(*taken));
    loan = std::move(*publisher.loan(bytes_spec(1000)));
  }
  EXPECT_EQ(value_of(*sample), 5U);
  loan.array().bytes()[999] = std::byte{1};
  std::thread elsewhere([&] { sample.reset(); });
  elsewhere.join();
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

TEST_P(Conformance, TheNextPublisherOfTheStreamIsFoundWithoutHelp) {
  PublisherOptions options = publisher_options();
  auto publisher = std::make_unique<Publisher>(context, "stream", options);
  if (transport() == Transport::Tcp) options.listen = {publisher->endpoints().at(1)};
  Subscriber subscriber(context, source(*publisher));
  for (std::uint64_t life = 1; life <= 3; ++life) {
    ASSERT_TRUE(publisher->wait_for_subscribers(1, kWatchdog));
    ASSERT_TRUE(publish_value(*publisher, life));
    const auto sample = subscriber.take(kWatchdog);
    ASSERT_TRUE(sample);
    EXPECT_EQ(value_of(*sample), life);
    EXPECT_FALSE(sample->info().gap_before) << "the one before ended in order";
    publisher.reset();
    const auto end = subscriber.take(kWatchdog);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error(), TakeError::Ended);
    publisher = std::make_unique<Publisher>(context, "stream", options);
  }
  EXPECT_EQ(subscriber.statistics().gaps, 0U);
}

TEST_P(Conformance, StopEndsEveryWaitAndFinishStillEndsTheStream) {
  Context other({.runtime_directory = directory.path()});
  Publisher publisher(context, "stream", publisher_options());
  Subscriber subscriber(other, source(publisher), {.queue = 1, .hold = 1});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  ASSERT_TRUE(publish_value(publisher, 1));
  std::thread stopper([&] {
    eventually([&] { return !publisher.statistics().waiting_for.empty(); });
    context.stop();
  });
  const auto published = publish_value(publisher, 2);  // blocks: the queue is full
  stopper.join();
  ASSERT_TRUE(published) << "it had begun";
  EXPECT_EQ(published->missed, 1U);
  auto loan = publisher.loan(bytes_spec(10), kForever);
  EXPECT_FALSE(loan);
  std::thread finisher([&] { EXPECT_TRUE(publisher.finish(kWatchdog).complete); });
  EXPECT_EQ(take_all(subscriber), counted(1));
  finisher.join();
  EXPECT_EQ(subscriber.statistics().missed, 1U);
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
