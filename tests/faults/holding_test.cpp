// Consumers that keep what they take, and a pool that is all in use.
#include "faults/scene.hpp"
#include "faults/tally.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

namespace faults {
namespace {

using namespace arraywire;
using std::chrono::milliseconds;

class Holding : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Over, Holding, every_way(), WayName{});

TEST_P(Holding, AConsumerThatNeverReleasesIsToldSoAndDisturbsNobody) {
  constexpr std::uint64_t kMessages = 40, kQueue = 2, kHold = 3;
  const RuntimeDirectory directory;
  EventLog log;
  Context context(log.options(directory));
  Publisher publisher(context, "faults", options_over(GetParam(), {.block_limit = milliseconds{1500}}));
  Subscriber hog(context, source_of(GetParam(), publisher), {.queue = kQueue, .hold = kHold});
  Subscriber other(context, source_of(GetParam(), publisher), {.queue = 4, .hold = 1});
  ASSERT_TRUE(publisher.wait_for_subscribers(2, kWatchdog));

  Tally tally;
  std::thread taking([&] {
    while (auto sample = other.take(kWatchdog)) tally.add(*sample);
  });
  std::vector<Sample> kept;
  for (std::uint64_t i = 1; i <= kMessages; ++i) {
    publish_frame(publisher, 100'000, i);
    if (kept.size() < kHold) kept.push_back(hog.take(kWatchdog).value());
  }
  EXPECT_EQ(hog.take(kForever).error(), TakeError::HoldingAll);
  EXPECT_EQ(hog.take({}).error(), TakeError::HoldingAll);
  EXPECT_EQ(hog.status().unreleased, kHold);
  EXPECT_LE(hog.status().waiting, kQueue);
  EXPECT_TRUE(eventually([&] { return log.count(EventKind::Waived) == 1; })) << log.text();
  for (const Sample& sample : kept) EXPECT_TRUE(intact(sample));

  kept.clear();
  std::thread draining([&] {
    while (hog.take(kWatchdog)) {
    }
  });
  EXPECT_TRUE(publisher.finish(kWatchdog).complete);
  taking.join();
  draining.join();
  EXPECT_EQ(tally.taken(), kMessages);
  EXPECT_TRUE(tally.faultless());
  EXPECT_EQ(hog.statistics().taken, kQueue + kHold);
  EXPECT_EQ(hog.statistics().taken + hog.statistics().missed, kMessages);
}

TEST_P(Holding, AWorkerThatNeverReleasesPinsQueueAndHoldAndTheOthersDoTheWork) {
  constexpr std::uint64_t kMessages = 40;
  const RuntimeDirectory directory;
  EventLog log;
  Context context(log.options(directory));
  Publisher publisher(context, "faults", options_over(GetParam(), {.delivery = Delivery::Distribute, .block_limit = kWatchdog}));
  Subscriber hog(context, source_of(GetParam(), publisher), {.queue = 2, .hold = 2, .name = "hog"});
  Subscriber other(context, source_of(GetParam(), publisher), {.queue = 2, .hold = 2, .name = "other"});
  ASSERT_TRUE(publisher.wait_for_subscribers(2, kWatchdog));
  std::uint64_t done = 0;
  std::thread working([&] {
    while (auto sample = other.take(kWatchdog)) done += intact(*sample) ? 1 : 0;
  });
  std::vector<Sample> kept;
  for (std::uint64_t i = 1; i <= kMessages; ++i) {
    publish_frame(publisher, 100'000, i);
    while (auto sample = hog.take({})) kept.push_back(std::move(*sample));
  }
  const PublisherStatistics s = publisher.statistics();
  for (const ConsumerStatistics& c : s.consumers) EXPECT_LE(c.leased, 4U) << c.name;
  kept.clear();
  std::thread draining([&] {
    while (auto sample = hog.take(kWatchdog)) done += 0;
  });
  EXPECT_TRUE(publisher.finish(kWatchdog).complete);
  working.join();
  draining.join();
  EXPECT_EQ(done + hog.statistics().taken, kMessages);
  EXPECT_GE(done, kMessages - 4);
}

constexpr std::size_t kSlotBytes = std::size_t{1} << 20U;

// Each message to one worker, out of a pool of `slots` slots.
PublisherOptions distributing(Way way, std::size_t slots, std::chrono::nanoseconds block_limit) {
  return options_over(way,
                      {.delivery = Delivery::Distribute, .block_limit = block_limit, .max_memory_bytes = slots * kSlotBytes});
}

// Granted less than it asked for, a worker must hear HoldingAll at what was granted: nothing more will come.
TEST_P(Holding, AWorkerGrantedLessThanItAskedForIsToldAtTheGrantedHold) {
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults", distributing(GetParam(), 8, milliseconds{100}));
  Subscriber first(context, source_of(GetParam(), publisher), {.queue = 1, .hold = 1});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  publish_frame(publisher, kSlotBytes, 1);
  const Sample busy = first.take(kWatchdog).value();  // from here on all work is the second one's

  Subscriber second(context, source_of(GetParam(), publisher), {.queue = 4, .hold = 4});
  ASSERT_TRUE(publisher.wait_for_subscribers(2, kWatchdog));
  ASSERT_TRUE(eventually([&] { return second.status().state == SubscriberStatus::State::Connected || !second.take({}); }));
  std::vector<Sample> kept;
  for (std::uint64_t i = 2;; ++i) {
    auto loan = publisher.loan(bytes_spec(kSlotBytes), milliseconds{100});
    if (!loan || !publisher.publish(std::move(*loan))) break;
    while (auto sample = second.take(milliseconds{50})) kept.push_back(std::move(*sample));
  }
  ASSERT_LT(second.status().hold, 4U);
  EXPECT_EQ(kept.size(), second.status().hold);
  EXPECT_EQ(second.take(milliseconds{200}).error(), TakeError::HoldingAll);
}

TEST(PoolExhausted, LoanSaysSoAtOnceOrAfterItsTimeoutAndRecoversAtTheFirstRelease) {
  constexpr std::size_t kSlots = 4;
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults", {.max_memory_bytes = kSlots * kSlotBytes});
  const ArraySpec spec = bytes_spec(kSlotBytes);
  std::vector<Loan> loans;
  for (std::size_t i = 0; i < kSlots; ++i) loans.push_back(publisher.loan(spec).value());
  EXPECT_EQ(publisher.loan(spec).error(), LoanError::Exhausted);
  EXPECT_EQ(publisher.loan(spec, milliseconds{50}).error(), LoanError::Exhausted);
  EXPECT_EQ(publisher.loan(bytes_spec(8 * kSlotBytes), milliseconds{50}).error(), LoanError::TooLarge);
  std::thread releasing([&] {
    std::this_thread::sleep_for(milliseconds{50});
    loans.pop_back();
  });
  EXPECT_TRUE(publisher.loan(spec, kWatchdog).has_value());
  releasing.join();
}

// Before the first message nobody knows how large messages are: what is granted then may be more than the pool can back.
TEST(PoolExhausted, ByAllConsumersTogetherLoanSaysSoAndRecoversAtTheFirstRelease) {
  constexpr std::size_t kSlots = 5;
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults", {.block_limit = kWatchdog, .max_memory_bytes = kSlots * kSlotBytes});
  Subscriber first(context, "faults", {.queue = 4, .hold = 4});
  Subscriber second(context, "faults", {.queue = 4, .hold = 4});
  ASSERT_TRUE(publisher.wait_for_subscribers(2, kWatchdog));
  std::vector<Sample> of_first, of_second;
  for (std::uint64_t i = 1; i <= kSlots; ++i) {
    publish_frame(publisher, kSlotBytes, i);
    Sample sample = first.take(kWatchdog).value();
    ASSERT_EQ(sample.lane(), Lane::SharedMemory);
    if (i <= 3) of_first.push_back(std::move(sample));
    if (i > 2 && i <= 4) of_second.push_back(second.take(kWatchdog).value());
  }
  // 1 to 3 are held by the first, 1 and 2 by the second too, 3 to 5 wait in the queue of the second.
  const ArraySpec spec = bytes_spec(kSlotBytes);
  EXPECT_EQ(publisher.loan(spec).error(), LoanError::Exhausted);
  EXPECT_EQ(publisher.loan(spec, milliseconds{50}).error(), LoanError::Exhausted);
  of_first.clear();
  EXPECT_EQ(publisher.loan(spec).error(), LoanError::Exhausted) << "the second has them all";
  std::thread releasing([&] { of_second.erase(of_second.begin()); });
  publish_frame(publisher, kSlotBytes, kSlots + 1);
  releasing.join();
  EXPECT_TRUE(intact(first.take(kWatchdog).value()));
  for (const Sample& sample : of_second) EXPECT_TRUE(intact(sample));
  for (std::uint64_t i = 3; i <= kSlots + 1; ++i) {
    const Sample next = second.take(kWatchdog).value();
    EXPECT_TRUE(intact(next));
    EXPECT_EQ(next.info().sequence, i);
    if (i == 3) of_second.clear();
  }
}

TEST_P(Holding, APoolThatWorkersHoldInFullRecoversAtTheFirstRelease) {
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults", distributing(GetParam(), 4, kWatchdog));
  Subscriber worker(context, source_of(GetParam(), publisher), {.queue = 4, .hold = 8});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  std::vector<Sample> kept;
  for (std::uint64_t i = 1; i <= 4; ++i) {
    publish_frame(publisher, kSlotBytes, i);
    kept.push_back(worker.take(kWatchdog).value());
  }
  EXPECT_EQ(publisher.loan(bytes_spec(kSlotBytes)).error(), LoanError::Exhausted);
  EXPECT_EQ(publisher.loan(bytes_spec(kSlotBytes), milliseconds{50}).error(), LoanError::Exhausted);
  std::thread releasing([&] { kept.erase(kept.begin()); });
  publish_frame(publisher, kSlotBytes, 5);
  releasing.join();
  const Sample next = worker.take(kWatchdog).value();
  EXPECT_TRUE(intact(next));
  for (const Sample& sample : kept) EXPECT_TRUE(intact(sample));
}

}  // namespace
}  // namespace faults
