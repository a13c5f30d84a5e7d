// What every transport promises of the ends of streams, publishers and waits.
#include "api/conformance.hpp"

#include <gmock/gmock.h>

#include <optional>
#include <thread>

namespace arraywire::testing {
namespace {

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

TEST_P(Conformance, WhatIsReturnedBeforeASubscriberLeavesAtTheEndArrives) {
  Context elsewhere({.runtime_directory = directory.path()});
  for (std::size_t round = 1; round <= 25; ++round) {
    PublisherOptions options = publisher_options();
    options.delivery = Delivery::Distribute;
    Publisher publisher(context, "stream", options);
    auto subscriber = std::make_unique<Subscriber>(elsewhere, source(publisher));
    ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
    ASSERT_TRUE(publish_value(publisher, 1));
    std::thread finisher([&] { EXPECT_TRUE(publisher.finish(kWatchdog).complete); });
    EXPECT_EQ(take_all(*subscriber), counted(1));
    subscriber.reset();
    finisher.join();
    ASSERT_TRUE(eventually([&] { return events.count(EventKind::Left) == round; }));
    EXPECT_EQ(events.detail(EventKind::Left), "said good-bye");
    EXPECT_EQ(publisher.statistics().consumers.front().taken, 1U);
    EXPECT_EQ(publisher.statistics().dropped_peer_messages, 0U);
  }
}

TEST_P(Conformance, SubscribersThatGoWhileTheyConnectDisturbNobody) {
  Publisher publisher(context, "stream", publisher_options());
  for (int i = 0; i < 500; ++i) {
    const Subscriber passing(context, source(publisher));
    std::this_thread::sleep_for(std::chrono::microseconds{i % 50 * 20});
  }
  Subscriber subscriber(context, source(publisher));
  ASSERT_TRUE(eventually([&] { return subscriber.status().state == SubscriberStatus::State::Connected; }));
  EXPECT_EQ(publisher.statistics().dropped_peer_messages, 0U);
}

TEST_P(Conformance, WhoLeavesBeforeItHasSeenItsWelcomeSaysGoodByeToo) {
  Publisher publisher(context, "stream", publisher_options());
  constexpr std::size_t kLeavers = 20;
  std::size_t good_byes = 0;
  for (std::size_t i = 1; i <= kLeavers; ++i) {
    std::optional<Subscriber> leaver(std::in_place, context, source(publisher));
    ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
    leaver.reset();
    ASSERT_TRUE(eventually([&] { return events.count(EventKind::Left) == i; }));
    good_byes += events.detail(EventKind::Left) == "said good-bye" ? 1 : 0;
  }
  EXPECT_GT(good_byes, kLeavers * 3 / 4) << "some may have waited for longer than they wait";
}

TEST_P(Conformance, AnAssignmentReleasesTheSampleThatWasThere) {
  Publisher publisher(context, "stream", publisher_options());
  Subscriber subscriber(context, source(publisher), {.hold = 2});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  for (std::uint64_t i = 1; i <= 2; ++i) ASSERT_TRUE(publish_value(publisher, i));
  Sample current = subscriber.take(kWatchdog).value();
  Sample next = subscriber.take(kWatchdog).value();
  EXPECT_EQ(subscriber.take({}).error(), TakeError::HoldingAll);
  current = std::move(next);
  EXPECT_EQ(subscriber.take({}).error(), TakeError::Timeout);
  EXPECT_EQ(value_of(current), 2U);
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

}  // namespace
}  // namespace arraywire::testing
