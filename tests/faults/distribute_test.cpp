// Workers that die, refuse or are killed by what they are given: every message is done at least once, or counted as given up.
#include "faults/programs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>

namespace faults {
namespace {

using namespace arraywire;

class Distribute : public testing::TestWithParam<Way> {
 protected:
  Distribute() : context_(log_.options(directory_)) {
    publisher_.emplace(context_, "faults",
                       options_over(GetParam(), {.delivery = Delivery::Distribute, .block_limit = kWatchdog}));
  }
  std::unique_ptr<ConsumerProcess> worker(std::vector<std::string> settings = {}) {
    settings.insert(settings.end(), {"queue=3", "hold=2", "pause_us=3000"});
    return std::make_unique<ConsumerProcess>(directory_, source_of(GetParam(), *publisher_), settings);
  }
  bool nothing_is_outstanding() const {
    const auto consumers = publisher_->statistics().consumers;
    return std::all_of(consumers.begin(), consumers.end(), [](const ConsumerStatistics& c) { return c.leased == 0; });
  }
  // Every message was done, but for those given up.
  void expect_all_done(const std::set<std::uint64_t>& done, std::uint64_t published) const {
    EXPECT_FALSE(done.contains(0)) << "damaged";
    EXPECT_LE(done.size(), published);
    EXPECT_GE(done.size() + publisher_->statistics().abandoned, published);
  }
  static void collect(const std::vector<Reply>& replies, std::set<std::uint64_t>& done) {
    for (const Reply& reply : replies) {
      if (reply.word() == "did") done.insert(reply.number("id"));
    }
  }

  RuntimeDirectory directory_{};
  EventLog log_{};
  Context context_;
  std::optional<Publisher> publisher_{};
};
INSTANTIATE_TEST_SUITE_P(Over, Distribute, every_way(), WayName{});

TEST_P(Distribute, WhatNobodyIsLeftToDoIsReportedByFinish) {
  auto only = worker();
  ASSERT_TRUE(publisher_->wait_for_subscribers(1, kWatchdog));
  for (std::uint64_t i = 1; i <= 3; ++i) publish_frame(*publisher_, 100'000, i);
  only->kill();
  EXPECT_TRUE(eventually([&] { return log_.count(EventKind::Left) == 1; }));
  const FinishReport report = publisher_->finish(std::chrono::milliseconds{50});
  EXPECT_FALSE(report.complete);
  EXPECT_EQ(report.untaken, 3U);
}

TEST_P(Distribute, EveryMessageIsDoneThoughWorkersAreKilled) {
  constexpr std::uint64_t kMessages = 400;
  std::vector<std::unique_ptr<ConsumerProcess>> workers;
  for (int i = 0; i < 4; ++i) workers.push_back(worker());
  ASSERT_TRUE(publisher_->wait_for_subscribers(4, kWatchdog));
  for (const auto& w : workers) w->tell("work");
  std::mt19937 random(9);
  std::set<std::uint64_t> done;
  for (std::uint64_t i = 1; i <= kMessages; ++i) {
    publish_frame(*publisher_, 200'000, i);
    if (i % 50 != 0) continue;
    auto& victim = workers[random() % workers.size()];
    victim->kill();
    collect(victim->answers_of("did"), done);
    victim = worker();
    victim->tell("work");
    // Two deaths at most for one message: whatever died with a worker was, as far as anybody knows, what killed it.
    if (i % 100 == 0) {
      ASSERT_TRUE(eventually([&] { return nothing_is_outstanding(); }));
    }
  }
  EXPECT_TRUE(publisher_->finish(kWatchdog).complete);
  for (const auto& w : workers) collect(w->answers_of("did"), done);
  expect_all_done(done, kMessages);
  EXPECT_EQ(done.size(), kMessages);
  EXPECT_EQ(publisher_->statistics().abandoned, 0U);
}

TEST_P(Distribute, AFrameThatKillsItsWorkerIsGivenUpAfterThreeAndCounted) {
  constexpr std::uint64_t kMessages = 60, kPoison = 20;
  std::vector<std::unique_ptr<ConsumerProcess>> workers;
  for (int i = 0; i < 5; ++i) workers.push_back(worker({"poison=" + std::to_string(kPoison)}));
  ASSERT_TRUE(publisher_->wait_for_subscribers(5, kWatchdog));
  for (const auto& w : workers) w->tell("work");
  for (std::uint64_t i = 1; i <= kMessages; ++i) publish_frame(*publisher_, 200'000, i);
  EXPECT_TRUE(publisher_->finish(kWatchdog).complete);
  EXPECT_GE(publisher_->statistics().abandoned, 1U);  // what waited behind it in a dying worker's queue was delivered as often
  EXPECT_TRUE(eventually([&] { return log_.count(EventKind::Abandoned) >= 1; }));
  std::set<std::uint64_t> done;
  int survivors = 0;
  for (const auto& w : workers) {
    const auto replies = w->answers_of("did");
    collect(replies, done);
    survivors += !replies.empty() && replies.back().word() == "ended" ? 1 : 0;
  }
  EXPECT_EQ(survivors, 2);
  expect_all_done(done, kMessages);
  EXPECT_FALSE(done.contains(kPoison));
}

TEST_P(Distribute, WhatOneWorkerRejectsAnotherDoes) {
  constexpr std::uint64_t kMessages = 40;
  const std::string source = source_of(GetParam(), *publisher_);
  Subscriber refusing(context_, source), willing(context_, source);
  ASSERT_TRUE(publisher_->wait_for_subscribers(2, kWatchdog));
  std::thread rejecting([&] {
    while (auto sample = refusing.take(kWatchdog)) sample->reject();
  });
  std::set<std::uint64_t> done;
  std::uint32_t attempts = 0;
  std::thread working([&] {
    while (auto sample = willing.take(kWatchdog)) {
      done.insert(intact(*sample) ? *sample->info().frame_id : 0);
      attempts = std::max(attempts, sample->info().attempt);
    }
  });
  for (std::uint64_t i = 1; i <= kMessages; ++i) publish_frame(*publisher_, 100'000, i);
  EXPECT_TRUE(publisher_->finish(kWatchdog).complete);
  rejecting.join();
  working.join();
  EXPECT_EQ(done.size(), kMessages);
  EXPECT_FALSE(done.contains(0));
  EXPECT_GE(attempts, 2U);
  EXPECT_EQ(publisher_->statistics().abandoned, 0U);
}

TEST_P(Distribute, WhatTheOnlyWorkerRejectsThreeTimesIsGivenUp) {
  Subscriber refusing(context_, source_of(GetParam(), *publisher_));
  ASSERT_TRUE(publisher_->wait_for_subscribers(1, kWatchdog));
  publish_frame(*publisher_, 100'000, 1);
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    Sample sample = refusing.take(kWatchdog).value();
    EXPECT_EQ(sample.info().attempt, attempt);
    sample.reject();
  }
  EXPECT_TRUE(eventually([&] { return publisher_->statistics().abandoned == 1; }));
  EXPECT_TRUE(publisher_->finish(kWatchdog).complete);
  EXPECT_EQ(refusing.take(kWatchdog).error(), TakeError::Ended);
}

// A sample keeps its Subscriber's connection for the one thing that it still owes. It must not begin a new session for it.
TEST_P(Distribute, ASampleWithoutItsSubscriberIsNoWorkerOfTheNextProducer) {
  const RuntimeDirectory directory;
  const std::vector<std::string> settings{"delivery=distribute", "bytes=100000"};
  ProducerProcess first(directory, over(GetParam(), settings));
  Context context({.runtime_directory = directory.path()});
  std::optional<Subscriber> subscriber(std::in_place, context, source_of(GetParam(), first));
  ASSERT_EQ(first.ask("wait 1").word(), "joined");
  first.ask("publish 1");
  const Sample sample = subscriber->take(kWatchdog).value();
  subscriber.reset();
  first.kill();

  ProducerProcess second(directory, over(GetParam(), settings, port_of(first)));
  std::this_thread::sleep_for(std::chrono::seconds{1});  // it would have come back by now
  ConsumerProcess worker(directory, source_of(GetParam(), second), {"queue=1", "hold=1"});
  ASSERT_EQ(second.ask("wait 1").word(), "joined");
  worker.tell("take 8");
  second.ask("publish 8");
  EXPECT_EQ(worker.answer().number("taken"), 8U);
  EXPECT_TRUE(intact(sample));
}

}  // namespace
}  // namespace faults
