#include "api/stream_pair.hpp"

#include <gmock/gmock.h>
#include <poll.h>

#include <condition_variable>
#include <deque>
#include <thread>

namespace arraywire::testing {
namespace {

using State = SubscriberStatus::State;
using ::testing::HasSubstr;

class SubscriberTest : public StreamPair {};

template <class F> std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST_F(SubscriberTest, BadSourcesAreRefusedWithTheReason) {
  const auto refused = [&](const char* source) { return error_of([&] { Subscriber s(context, source); }); };
  EXPECT_THAT(refused(""), HasSubstr("no stream name"));
  EXPECT_THAT(refused("../evil"), HasSubstr("no stream name"));
  EXPECT_THAT(refused("tcp://nowhere"), HasSubstr("tcp://HOST:PORT"));
  EXPECT_THAT(refused("tcp://host:99999"), HasSubstr("port"));
  EXPECT_THAT(refused("udp://host:1"), HasSubstr("only tcp"));
  EXPECT_THAT(error_of([&] { Subscriber s(context, "x", {.queue = 0}); }), HasSubstr("queue"));
  EXPECT_THAT(error_of([&] { Subscriber s(context, "x", {.hold = 1001}); }), HasSubstr("hold"));
}

TEST_F(SubscriberTest, StatusSaysWhyNothingArrives) {
  Subscriber subscriber(context, "stream");
  EXPECT_EQ(subscriber.status().state, State::Searching);
  EXPECT_THAT(subscriber.status().where, HasSubstr((directory.path() / "stream").string()));
  const auto none = subscriber.take(5ms);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error(), TakeError::Timeout);

  auto publisher = std::make_unique<Publisher>(context, "stream");
  ASSERT_TRUE(publisher->wait_for_subscribers(1, kWatchdog));
  EXPECT_TRUE(eventually([&] {
    static_cast<void>(subscriber.take(1ms));
    return subscriber.status().state == State::Connected;
  }));
  EXPECT_EQ(subscriber.status().queue, 4U);
  EXPECT_THAT(to_string(subscriber.status()), HasSubstr("lane shared-memory"));
  publisher.reset();
  EXPECT_EQ(subscriber.take(kWatchdog).error(), TakeError::Ended);
  EXPECT_EQ(subscriber.status().state, State::Ended);
}

TEST_F(SubscriberTest, ARefusalReachesTheApplicationWithItsReason) {
  Publisher publisher(context, "stream", {.lane = LaneChoice::Inline});
  Subscriber subscriber(context, "stream", {.lane = LaneChoice::SharedMemory});
  const auto refused = subscriber.take(kWatchdog);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), TakeError::Refused);
  EXPECT_THAT(subscriber.status().reason, HasSubstr("shared memory"));
  EXPECT_TRUE(eventually([&] { return events.count(EventKind::Refused) == 2; })) << "both sides are told";
}

TEST_F(SubscriberTest, AGrantIsOnlyWhatThePoolCanBack) {
  Publisher publisher(context, "stream", {.max_memory_bytes = 10 << 20, .lane = LaneChoice::Inline});
  ASSERT_TRUE(publish_value(publisher, 1, 1 << 20));  // now it is known that ten such messages fit
  Subscriber first(context, "stream", {.queue = 6});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  Subscriber second(context, "stream", {.queue = 6});
  ASSERT_TRUE(publisher.wait_for_subscribers(2, kWatchdog));
  Subscriber third(context, "stream", {.queue = 6});
  EXPECT_EQ(third.take(kWatchdog).error(), TakeError::Refused);
  EXPECT_THAT(third.status().reason, HasSubstr("memory limit"));
  EXPECT_EQ(first.take(1ms).error(), TakeError::Timeout);
  EXPECT_EQ(second.take(1ms).error(), TakeError::Timeout);
  EXPECT_EQ(first.status().queue, 6U);
  EXPECT_EQ(second.status().queue, 2U);
}

// The naive sharing of a zmq socket between threads stalls: ZMQ_FD is edge-triggered, and a release on another thread consumes
// the edge. A hundred thousand messages through poll(2), each released on another thread, must not hang once.
TEST_F(SubscriberTest, ItsDescriptorWorksInAForeignEventLoopWhileAnotherThreadReleases) {
  const std::uint64_t messages = 100'000;
  Publisher publisher(context, "stream", {.block_limit = kWatchdog});
  Subscriber subscriber(context, "stream", {.queue = 8, .hold = 8});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  std::thread sender([&] {
    for (std::uint64_t i = 1; i <= messages; ++i) ASSERT_TRUE(publish_value(publisher, i));
    publisher.finish(kWatchdog);
  });

  std::mutex mutex;
  std::condition_variable arrived;
  std::deque<Sample> to_release;
  bool done = false;
  std::thread releaser([&] {
    std::unique_lock lock(mutex);
    for (;;) {
      arrived.wait(lock, [&] { return done || !to_release.empty(); });
      if (to_release.empty()) return;
      std::deque<Sample> batch = std::exchange(to_release, {});
      lock.unlock();
      batch.clear();
      lock.lock();
    }
  });

  std::uint64_t expected = 1;
  for (bool ended = false; !ended;) {
    pollfd readable{subscriber.descriptor(), POLLIN, 0};
    ASSERT_EQ(::poll(&readable, 1, 60'000), 1) << "hangs after " << expected - 1 << ": " << to_string(subscriber.status());
    for (;;) {
      auto sample = subscriber.take(0ns);
      if (sample) {
        ASSERT_EQ(value_of(*sample), expected++);
        const std::lock_guard lock(mutex);
        to_release.push_back(std::move(*sample));
        arrived.notify_one();
        continue;
      }
      ended = sample.error() == TakeError::Ended;
      break;  // Timeout, or HoldingAll until the other thread releases
    }
  }
  {
    const std::lock_guard lock(mutex);
    done = true;
  }
  arrived.notify_one();
  releaser.join();
  sender.join();
  EXPECT_EQ(expected - 1, messages);
}

TEST_F(SubscriberTest, WaitAnyServesABusyAndAQuietStreamFairly) {
  Publisher busy(context, "busy", {.block_limit = kWatchdog});
  Publisher quiet(context, "quiet", {.block_limit = kWatchdog});
  Subscriber from_busy(context, "busy");
  Subscriber from_quiet(context, "quiet");
  ASSERT_TRUE(busy.wait_for_subscribers(1, kWatchdog));
  ASSERT_TRUE(quiet.wait_for_subscribers(1, kWatchdog));
  const std::vector<Subscriber*> both{&from_busy, &from_quiet};
  EXPECT_FALSE(wait_any(both, 5ms).has_value());
  for (std::uint64_t i = 1; i <= 4; ++i) ASSERT_TRUE(publish_value(busy, i));
  ASSERT_TRUE(publish_value(quiet, 99));
  ASSERT_TRUE(eventually(
      [&] { return wait_any(std::span(both).last(1), 0ns).has_value() && wait_any(std::span(both).first(1), 0ns).has_value(); }));
  const auto first = wait_any(both, kWatchdog);
  ASSERT_TRUE(first.has_value());
  ASSERT_TRUE(both[*first]->take(0ns));
  const auto second = wait_any(both, kWatchdog);
  ASSERT_TRUE(second.has_value());
  EXPECT_NE(*first, *second);
  context.stop();
  EXPECT_FALSE(wait_any(both, kForever).has_value());
}

TEST_F(SubscriberTest, StreamsOfThisMachineAreListedWithoutDisturbingThem) {
  EXPECT_TRUE(list_streams(context).empty());
  Publisher a(context, "alpha", {.listen = {"tcp://127.0.0.1:0"}});
  Publisher b(context, "beta");
  Subscriber subscriber(context, "alpha");
  ASSERT_TRUE(a.wait_for_subscribers(1, kWatchdog));
  EXPECT_TRUE(eventually([&] {
    const auto streams = list_streams(context);
    return streams.size() == 2 && streams[0].name == "alpha" && streams[0].consumers == 1 && streams[0].pid == ::getpid() &&
           streams[0].endpoints == a.endpoints() && streams[1].name == "beta";
  }));
}

TEST_F(SubscriberTest, AStreamNameBelongsToOnePublisher) {
  Publisher first(context, "stream");
  EXPECT_THAT(error_of([&] { Publisher second(context, "stream"); }), HasSubstr(std::to_string(::getpid())));
  Subscriber subscriber(context, "stream");
  EXPECT_TRUE(first.wait_for_subscribers(1, kWatchdog)) << "the first is undisturbed";
}

}  // namespace
}  // namespace arraywire::testing
