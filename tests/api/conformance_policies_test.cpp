// What every transport promises of subscribers that are slow, full or late.
#include "api/conformance.hpp"

#include <thread>
#include <vector>

namespace arraywire::testing {
namespace {

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
  EXPECT_TRUE(eventually([&] { return events.count(EventKind::Waived) == 1; })) << "waited for on one message, not on every one";
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

}  // namespace
}  // namespace arraywire::testing
