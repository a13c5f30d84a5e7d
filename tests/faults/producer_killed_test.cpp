// The producer is killed: at rest, between loan and publish, in the middle of sending.
#include "faults/programs.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>

namespace faults {
namespace {

const std::string kFrame = "bytes=" + std::to_string(kFrameBytes);

class ProducerKilled : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Over, ProducerKilled, every_way(), WayName{});

// A producer that a consumer has joined and that has published one frame, and the one that follows after its death.
struct TwoLives {
  explicit TwoLives(Way over_way) : way(over_way) {
    EXPECT_EQ(first.ask("wait 1").word(), "joined");
    first.ask("publish 1");
  }
  void start_second() {
    second.emplace(directory, over(way, {kFrame, "first=1000"}, port_of(first)));
    EXPECT_EQ(second->ask("wait 1").word(), "joined");
  }

  Way way;
  RuntimeDirectory directory{};
  ProducerProcess first{directory, over(way, {kFrame})};
  ConsumerProcess consumer{directory, source_of(way, first), {}};
  std::optional<ProducerProcess> second{};
};

TEST_P(ProducerKilled, BetweenLoanAndPublishShowsNothingOfTheFrameAndTheNextOneIsServed) {
  TwoLives lives(GetParam());
  ASSERT_EQ(lives.consumer.ask("keep 1").number("taken"), 1U);
  ASSERT_EQ(lives.first.ask("loan").word(), "loaned");
  lives.first.kill();
  EXPECT_EQ(lives.consumer.ask("look 300").word(), "timeout");
  EXPECT_EQ(lives.consumer.ask("check").word(), "intact");

  lives.start_second();
  lives.second->ask("publish 2");
  const Reply tally = lives.consumer.ask("take 2");
  EXPECT_EQ(tally.number("taken"), 3U);
  EXPECT_EQ(tally.number("faults"), 0U);
  EXPECT_EQ(tally.number("gaps"), 1U);
  EXPECT_EQ(tally.number("missed"), 0U);
  EXPECT_EQ(lives.consumer.ask("check").word(), "intact");
}

TEST_P(ProducerKilled, InTheMiddleOfASendDeliversNoPartOfItAndCountsOneGap) {
  if (GetParam() == Way::SharedMemory) GTEST_SKIP() << "there a message leaves whole: it is only named";
  TwoLives lives(GetParam());
  ASSERT_EQ(lives.consumer.ask("take 1").number("taken"), 1U);
  lives.consumer.stop();  // the socket's buffer takes some of the frame, and no more
  lives.first.ask("publish 1");
  std::this_thread::sleep_for(std::chrono::milliseconds{100});
  lives.first.kill();
  lives.consumer.resume();
  EXPECT_EQ(lives.consumer.ask("look 300").word(), "timeout");

  lives.start_second();
  lives.second->ask("publish 1");
  const Reply tally = lives.consumer.ask("take 1");
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
