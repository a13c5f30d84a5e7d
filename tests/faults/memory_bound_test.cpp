// Memory of both sides stays within what queue and hold allow, and a killed consumer's share comes back.
#include "faults/programs.hpp"
#include "sanitized.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <tuple>
#include <vector>

namespace faults {
namespace {

const std::string kFrame = "bytes=" + std::to_string(kFrameBytes);

class MemoryBound : public testing::TestWithParam<std::tuple<Way, const char*>> {};
INSTANTIATE_TEST_SUITE_P(Of, MemoryBound, testing::Combine(every_way(), testing::Values("latest", "drop-newest", "block")),
                         [](const auto& of) {
                           std::string policy = std::get<1>(of.param);
                           std::erase(policy, '-');
                           return way_name(std::get<0>(of.param)) + "_" + policy;
                         });

TEST_P(MemoryBound, HoldsForASlowConsumerAndItsProducer) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's own memory would be measured";
  constexpr std::size_t kQueue = 3, kHold = 2;
  const auto& [way, policy] = GetParam();
  const RuntimeDirectory directory;
  ProducerProcess producer(directory, over(way, {kFrame}));
  ConsumerProcess consumer(
      directory, source_of(way, producer),
      {"queue=" + std::to_string(kQueue), "hold=" + std::to_string(kHold), "pause_us=60000", std::string("when_full=") + policy});
  ASSERT_EQ(producer.ask("wait 1").word(), "joined");
  producer.tell("flow");
  std::size_t of_producer = 0, of_consumer = 0;
  const auto until = std::chrono::steady_clock::now() + long_run(std::chrono::seconds{2});
  do {
    consumer.tell("take 10");
    while (!consumer.has_answer()) {
      of_producer = std::max(of_producer, resident_bytes(producer.pid()));
      of_consumer = std::max(of_consumer, resident_bytes(consumer.pid()));
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    const Reply tally = consumer.answer();
    ASSERT_EQ(tally.word(), "tally") << tally.text;
    EXPECT_EQ(tally.number("faults"), 0U) << tally.text;
  } while (std::chrono::steady_clock::now() < until);
  producer.ask("halt");
  constexpr std::size_t kBound = (kQueue + kHold + 3) * kFrameBytes + (std::size_t{64} << 20U);
  EXPECT_LE(of_producer, kBound);
  EXPECT_LE(of_consumer, kBound);
}

// The pool is there once, whoever looks at it.
TEST(PrivateMemory, OfAProducerAndEightConsumersOnSharedMemoryHoldsNoFrame) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's own memory would be measured";
  const RuntimeDirectory directory;
  ProducerProcess producer(directory, {kFrame, "block_ms=60000"});
  std::vector<std::unique_ptr<ConsumerProcess>> consumers;
  for (int i = 0; i < 8; ++i)
    consumers.push_back(std::make_unique<ConsumerProcess>(directory, "faults", std::vector<std::string>{}));
  ASSERT_EQ(producer.ask("wait 8").word(), "joined");
  for (const auto& consumer : consumers) consumer->tell("take 20");
  producer.ask("publish 20");
  for (const auto& consumer : consumers) {
    const Reply tally = consumer->answer();
    EXPECT_EQ(tally.number("taken"), 20U) << tally.text;
    EXPECT_EQ(tally.number("faults") + tally.number("missed"), 0U) << tally.text;
  }
  constexpr std::size_t kBound = std::size_t{64} << 20U;
  EXPECT_LT(private_bytes(producer.pid()), kBound);
  for (const auto& consumer : consumers) EXPECT_LT(private_bytes(consumer->pid()), kBound);
}

class KilledConsumer : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Over, KilledConsumer, every_way(), WayName{});

TEST_P(KilledConsumer, GivesItsSlotsBackAndTheProducerGoesOn) {
  const RuntimeDirectory directory;
  ProducerProcess producer(directory, over(GetParam(), {kFrame, "block_ms=60000", "memory=" + std::to_string(9 * kFrameBytes)}));
  ConsumerProcess consumer(directory, source_of(GetParam(), producer), {"queue=4"});
  ASSERT_EQ(producer.ask("wait 1").word(), "joined");
  const std::uint64_t all = producer.ask("hoard").number("slots");
  consumer.stop();  // what is sent to it stays with the producer
  producer.ask("publish 4");
  EXPECT_LE(producer.ask("hoard").number("slots"), all - 3);
  consumer.kill();
  EXPECT_TRUE(eventually([&] { return producer.ask("hoard").number("slots") == all; }));

  ASSERT_TRUE(eventually([&] { return producer.ask("stats").number("left") == 1; }));
  ConsumerProcess next(directory, source_of(GetParam(), producer), {});
  ASSERT_EQ(producer.ask("wait 1").word(), "joined");
  next.tell("take 10");
  producer.ask("publish 10");
  EXPECT_EQ(next.answer().number("faults"), 0U);
}

}  // namespace
}  // namespace faults
