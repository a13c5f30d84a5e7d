// What every transport promises of work that is shared out.
#include "api/conformance.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace arraywire::testing {
namespace {

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
  EXPECT_TRUE(eventually([&] { return events.count(EventKind::Abandoned) == 1; }));
  EXPECT_TRUE(publisher.finish(kWatchdog).complete);
}

TEST_P(Conformance, WhatAnExceptionDropsGoesToAnotherWorker) {
  PublisherOptions options = publisher_options();
  options.delivery = Delivery::Distribute;
  Publisher publisher(context, "stream", options);
  Subscriber failing(context, source(publisher), {.queue = 2});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  for (std::uint64_t i = 1; i <= 2; ++i) ASSERT_TRUE(publish_value(publisher, i));
  Subscriber heir(context, source(publisher), {.queue = 1});
  ASSERT_TRUE(publisher.wait_for_subscribers(2, kWatchdog));
  const auto work = [](const Result<Sample, TakeError>& sample) { throw std::runtime_error(std::to_string(value_of(*sample))); };
  EXPECT_THROW(work(failing.take(kWatchdog)), std::runtime_error);
  const auto again = heir.take(kWatchdog);
  ASSERT_TRUE(again);
  EXPECT_EQ(value_of(*again), 1U);
  EXPECT_EQ(again->info().attempt, 2U);

  // What is taken and dropped while an exception passes was not dropped by it.
  struct TakesInItsEnd {
    Subscriber& subscriber;
    ~TakesInItsEnd() { EXPECT_EQ(value_of(subscriber.take(kWatchdog).value()), 2U); }
  };
  const auto clean_up = [&] {
    const TakesInItsEnd guard{failing};
    throw std::runtime_error("passes");
  };
  EXPECT_THROW(clean_up(), std::runtime_error);
  EXPECT_EQ(heir.take(50ms).error(), TakeError::Timeout);
  EXPECT_EQ(publisher.statistics().abandoned, 0U);
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
    EXPECT_EQ(sample->info().attempt, 1U) << "nobody had taken it";
    seen.insert(value_of(*sample));
  }
  EXPECT_EQ(seen, (std::set<std::uint64_t>{2, 3}));
  EXPECT_EQ(value_of(*held), 1U) << "a sample outlives its subscriber";
  held->release();
  EXPECT_TRUE(publisher.finish(kWatchdog).complete) << "a release after the subscriber is gone still counts";
  EXPECT_EQ(publisher.statistics().abandoned, 0U);
}

TEST_P(Conformance, AMessageIsNotGivenUpHoweverManyWorkersLeaveBeforeItIsTheirTurn) {
  PublisherOptions options = publisher_options();
  options.delivery = Delivery::Distribute;
  Publisher publisher(context, "stream", options);
  for (std::uint64_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(eventually([&] { return events.count(EventKind::Left) == i; }));
    const Subscriber leaver(context, source(publisher));
    ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
    if (i == 0) {
      ASSERT_TRUE(publish_value(publisher, 7));
    }
    EXPECT_TRUE(eventually([&] { return publisher.statistics().consumers[0].leased == 1; }));
    EXPECT_TRUE(eventually([&] { return leaver.status().state == SubscriberStatus::State::Connected; }));
  }
  ASSERT_TRUE(eventually([&] { return events.count(EventKind::Left) == 5; }));
  Subscriber heir(context, source(publisher));
  const auto sample = heir.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_EQ(value_of(*sample), 7U);
  EXPECT_LE(sample->info().attempt, 2U) << "one may have waited for its good-bye's answer for longer than it waits";
  EXPECT_EQ(publisher.statistics().abandoned, 0U);
}

}  // namespace
}  // namespace arraywire::testing
