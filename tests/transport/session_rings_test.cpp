// Rings between two ends that keep to the rules: what goes through them, what goes over the socket instead.
#include "arraywire/arraywire.hpp"
#include "memory/hand_over_fixture.hpp"
#include "memory/rings.hpp"
#include "sanitized.hpp"
#include "transport/raw_peers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <set>

namespace arraywire::transport::testing {
namespace {

using memory::RingFormat;

// What a session before this one still has mapped must not keep take busy, nor hold it beyond its deadline.
TEST(SessionRings, ASampleOfAPublisherThatIsGoneDoesNotKeepTakeBusy) {
  const ScratchDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Subscriber subscriber(context, "target");
  std::optional<Publisher> publisher(std::in_place, context, "target");
  ASSERT_TRUE(publisher->wait_for_subscribers(1, kWatchdog));
  ASSERT_TRUE(publisher->publish(publisher->loan({.dtype = DType::UInt8, .shape = {8}}, kWatchdog).value()));
  const auto held = subscriber.take(kWatchdog);
  ASSERT_TRUE(held.has_value());
  publisher.reset();
  publisher.emplace(context, "target");
  ASSERT_TRUE(publisher->wait_for_subscribers(1, kWatchdog));
  EXPECT_EQ(subscriber.take(std::chrono::milliseconds{50}).error(), TakeError::Ended);
  EXPECT_EQ(subscriber.take(std::chrono::milliseconds{50}).error(), TakeError::Timeout);
  EXPECT_FALSE(memory::is_readable(subscriber.descriptor()));
}

// Whatever was returned before a worker left counts, on whichever way its farewell came.
TEST(SessionRings, WorkersThatReleaseAndLeaveAtOnceLeaveNothingToBeDeliveredAgain) {
  if (kThreadSanitized)
    GTEST_SKIP() << "libzmq closes descriptors where TSan does not see it, and their numbers come back in other threads";
  const ScratchDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "target", {.delivery = Delivery::Distribute, .block_limit = kWatchdog});
  std::atomic<bool> done = false;
  std::mutex seen_mutex;
  std::set<std::uint64_t> seen;
  std::uint64_t again = 0;
  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      Context own({.runtime_directory = directory.path()});
      while (!done) {
        Subscriber worker(own, "target", {.queue = 1, .hold = 1, .lane = LaneChoice::SharedMemory});
        const auto sample = worker.take(std::chrono::milliseconds{200});
        if (!sample) continue;
        const std::lock_guard lock(seen_mutex);
        if (!seen.insert(sample->info().sequence).second) ++again;
      }
    });
  }
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  for (int i = 0; i < 600; ++i) {
    auto loan = publisher.loan({.dtype = DType::UInt8, .shape = {8}}, kWatchdog);
    ASSERT_TRUE(loan && publisher.publish(std::move(*loan)));
  }
  done = true;
  workers.clear();
  EXPECT_EQ(again, 0U);
}

struct Stream {
  explicit Stream(SubscriberOptions options, PublisherOptions sending = {})
      : publisher(context, "target", std::move(sending)), subscriber(context, "target", std::move(options)) {
    if (!publisher.wait_for_subscribers(1, kWatchdog)) throw std::runtime_error("nobody came");
  }
  void publish(std::size_t attribute_bytes) {
    Metadata metadata;
    metadata.attributes.set("text", std::string(attribute_bytes, 'x'));
    Loan loan = publisher.loan({.dtype = DType::UInt8, .shape = {8}}, kWatchdog).value();
    if (!publisher.publish(std::move(loan), metadata)) throw std::runtime_error("publish");
  }
  void expect(std::uint64_t sequence, std::size_t attribute_bytes) {
    const auto sample = subscriber.take(kWatchdog);
    ASSERT_TRUE(sample.has_value());
    EXPECT_EQ(sample->info().sequence, sequence);
    EXPECT_EQ(sample->info().missed_before, 0U);
    EXPECT_EQ(std::get<std::string>(*sample->info().attributes.find("text")).size(), attribute_bytes);
  }
  ScratchDirectory directory;
  Context context{{.runtime_directory = directory.path()}};
  Publisher publisher;
  Subscriber subscriber;
};

TEST(SessionRings, OrderIsKeptBetweenHeadersThatFitAnEntryAndThoseThatDoNot) {
  constexpr std::array<std::size_t, 4> kSizes{10, 5000, 100, 100'000};
  Stream stream({.when_full = WhenFull::Block, .queue = 8});
  std::jthread publishing([&] {
    for (std::uint64_t n = 1; n <= 400; ++n) stream.publish(kSizes[n % kSizes.size()]);
  });
  for (std::uint64_t n = 1; n <= 400; ++n) stream.expect(n, kSizes[n % kSizes.size()]);
  EXPECT_EQ(stream.subscriber.statistics().missed, 0U);
  EXPECT_EQ(stream.subscriber.statistics().malformed, 0U);
}

TEST(SessionRings, WhatDoesNotFitTheRingGoesOverTheSocketInOrder) {
  constexpr std::uint64_t kMany = 5 * RingFormat::kEntries;
  Stream stream({.when_full = WhenFull::Block, .queue = 500, .hold = 500});
  for (int round = 0; round < 3; ++round) {
    const auto base = static_cast<std::uint64_t>(round) * kMany;
    for (std::uint64_t n = base + 1; n <= base + kMany; ++n) stream.publish(n % 7);
    std::vector<Sample> held;
    for (std::uint64_t n = base + 1; n <= base + kMany; ++n) {
      auto sample = stream.subscriber.take(kWatchdog);
      ASSERT_TRUE(sample.has_value());
      EXPECT_EQ(sample->info().sequence, n);
      held.push_back(std::move(*sample));
    }
  }
  EXPECT_EQ(stream.subscriber.statistics().missed, 0U);
  EXPECT_EQ(stream.subscriber.statistics().malformed, 0U);
  EXPECT_EQ(stream.publisher.statistics().dropped_peer_messages, 0U);
  EXPECT_TRUE(eventually([&] { return stream.publisher.statistics().consumers.front().leased == 0; }));
}

TEST(SessionRings, WhoWaitsForTheDescriptorAloneMissesNothing) {
  Stream stream({.when_full = WhenFull::Block});
  const int descriptor = stream.subscriber.descriptor();
  std::jthread publishing([&] {
    for (std::uint64_t n = 1; n <= 500; ++n) stream.publish(n % 5);
  });
  for (std::uint64_t n = 1; n <= 500; ++n) {  // one message for each time that it is readable
    ASSERT_TRUE(memory::comes(descriptor));
    stream.expect(n, n % 5);
  }
}

TEST(SessionRings, TheLatestIsAskedForAndComesThroughThem) {
  Stream stream({.when_full = WhenFull::Latest});
  stream.publish(1);
  stream.publish(2);
  std::this_thread::sleep_for(std::chrono::milliseconds{20});  // whatever is kept waits for the service thread
  const auto sample = stream.subscriber.take(kWatchdog);
  ASSERT_TRUE(sample.has_value());
  EXPECT_EQ(sample->info().sequence, 2U);
}

TEST(SessionRings, WithoutSpinningEverybodySleepsAndNothingIsLost) {
  Stream stream({.when_full = WhenFull::Block, .queue = 1, .hold = 1, .spin = {}}, {.spin = {}});
  std::jthread publishing([&] {
    for (std::uint64_t n = 1; n <= 2000; ++n) stream.publish(n % 3);
  });
  for (std::uint64_t n = 1; n <= 2000; ++n) stream.expect(n, n % 3);
}

}  // namespace
}  // namespace arraywire::transport::testing
