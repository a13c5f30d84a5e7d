// The producer is killed: at rest, between loan and publish, in the middle of sending.
#include "faults/programs.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>

namespace faults {
namespace {

const std::string kFrame = "bytes=" + std::to_string(kFrameBytes);

class ProducerKilled : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Over, ProducerKilled, testing::Values(Way::Ipc, Way::Tcp), WayName{});

TEST_P(ProducerKilled, BetweenLoanAndPublishShowsNothingOfTheFrameAndTheNextOneIsServed) {
  const RuntimeDirectory directory;
  ProducerProcess first(directory, over(GetParam(), {kFrame}));
  ConsumerProcess consumer(directory, source_of(GetParam(), first), {});
  ASSERT_EQ(first.ask("wait 1").word(), "joined");
  first.ask("publish 1");
  ASSERT_EQ(consumer.ask("keep 1").number("taken"), 1U);
  ASSERT_EQ(first.ask("loan").word(), "loaned");
  first.kill();
  EXPECT_EQ(consumer.ask("look 300").word(), "timeout");
  EXPECT_EQ(consumer.ask("check").word(), "intact");

  ProducerProcess second(directory, over(GetParam(), {kFrame, "first=1000"}, port_of(first)));
  ASSERT_EQ(second.ask("wait 1").word(), "joined");
  second.ask("publish 2");
  const Reply tally = consumer.ask("take 2");
  EXPECT_EQ(tally.number("taken"), 3U);
  EXPECT_EQ(tally.number("faults"), 0U);
  EXPECT_EQ(tally.number("gaps"), 1U);
  EXPECT_EQ(tally.number("missed"), 0U);
  EXPECT_EQ(consumer.ask("check").word(), "intact");
}

TEST_P(ProducerKilled, InTheMiddleOfASendDeliversNoPartOfItAndCountsOneGap) {
  const RuntimeDirectory directory;
  ProducerProcess first(directory, over(GetParam(), {kFrame}));
  ConsumerProcess consumer(directory, source_of(GetParam(), first), {});
  ASSERT_EQ(first.ask("wait 1").word(), "joined");
  first.ask("publish 1");
  ASSERT_EQ(consumer.ask("take 1").number("taken"), 1U);
  consumer.stop();  // the socket's buffer takes some of the frame, and no more
  first.ask("publish 1");
  std::this_thread::sleep_for(std::chrono::milliseconds{100});
  first.kill();
  consumer.resume();
  EXPECT_EQ(consumer.ask("look 300").word(), "timeout");

  ProducerProcess second(directory, over(GetParam(), {kFrame, "first=1000"}, port_of(first)));
  ASSERT_EQ(second.ask("wait 1").word(), "joined");
  second.ask("publish 1");
  const Reply tally = consumer.ask("take 1");
  EXPECT_EQ(tally.number("taken"), 2U);
  EXPECT_EQ(tally.number("last"), 1U);
  EXPECT_EQ(tally.number("faults"), 0U);
  EXPECT_EQ(tally.number("gaps"), 1U);
  EXPECT_EQ(tally.number("malformed"), 0U);
}

TEST_P(ProducerKilled, AnywhereWhilePublishingLeavesWholeFramesAndOneGapEachTime) {
  constexpr int kLives = 8;
  const RuntimeDirectory directory;
  auto producer = std::make_unique<ProducerProcess>(directory, over(GetParam(), {kFrame}));
  const std::string port = port_of(*producer);
  ConsumerProcess consumer(directory, source_of(GetParam(), *producer), {});
  std::mt19937 random(20'250'101);
  for (int life = 1; life <= kLives; ++life) {
    ASSERT_EQ(producer->ask("wait 1").word(), "joined");
    producer->tell("flow");
    consumer.ask("take 2");
    consumer.tell("flow");
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 60'000});
    producer->kill();
    EXPECT_EQ(consumer.ask("halt").number("faults"), 0U);
    const auto settings = over(GetParam(), {kFrame, "first=" + std::to_string(life * 1'000'000)}, port);
    if (life < kLives) producer = std::make_unique<ProducerProcess>(directory, settings);
  }
  const Reply tally = consumer.ask("halt");
  EXPECT_EQ(tally.number("gaps"), std::uint64_t{kLives - 1});
  EXPECT_EQ(tally.number("malformed"), 0U);
  EXPECT_EQ(tally.number("faults"), 0U);
}

}  // namespace
}  // namespace faults
