// A process that stands still is not dead: nobody believes so, and it goes on where it was.
#include "faults/programs.hpp"

#include <gtest/gtest.h>

namespace faults {
namespace {

class ProcessStopped : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Over, ProcessStopped, every_way(), WayName{});

TEST_P(ProcessStopped, AStoppedConsumerIsWaitedForOnceDisturbsNobodyAndReportsWhatItMissed) {
  constexpr std::uint64_t kMessages = 60;
  const RuntimeDirectory directory;
  ProducerProcess producer(directory, over(GetParam(), {"bytes=5000000", "block_ms=2000"}));
  ConsumerProcess stopped(directory, source_of(GetParam(), producer), {"when_full=block", "name=stopped"});
  ConsumerProcess other(directory, source_of(GetParam(), producer), {"when_full=block", "name=other"});
  ASSERT_EQ(producer.ask("wait 2").word(), "joined");
  producer.ask("publish 1");
  ASSERT_EQ(stopped.ask("take 1").number("taken"), 1U);
  stopped.stop();
  other.tell("take " + std::to_string(kMessages));
  producer.ask("publish " + std::to_string(kMessages - 1));
  const Reply undisturbed = other.answer();
  EXPECT_EQ(undisturbed.number("taken"), kMessages);
  EXPECT_EQ(undisturbed.number("missed"), 0U);
  std::this_thread::sleep_for(long_run(std::chrono::seconds{2}));
  const Reply statistics = producer.ask("stats");
  EXPECT_EQ(statistics.number("waived"), 1U);
  EXPECT_EQ(statistics.number("left"), 0U);

  stopped.resume();
  producer.tell("finish 60000");
  const Reply tally = stopped.ask("drain");
  EXPECT_EQ(tally.number("taken") + tally.number("missed"), kMessages);
  EXPECT_GT(tally.number("missed"), 0U);
  EXPECT_EQ(tally.number("gaps"), 0U);
  EXPECT_EQ(tally.number("faults"), 0U);
  EXPECT_EQ(tally.number("ends"), 1U);
  EXPECT_EQ(other.ask("drain").number("taken"), kMessages);
  EXPECT_EQ(producer.answer().number("complete"), 1U);
}

TEST_P(ProcessStopped, AStoppedConsumerKeepsWhatItHolds) {
  constexpr std::uint64_t kSlotBytes = 1U << 20U, kSlots = 24;
  const RuntimeDirectory directory;
  ProducerProcess producer(directory, over(GetParam(), {"bytes=" + std::to_string(kSlotBytes), "block_ms=500",
                                                        "memory=" + std::to_string(kSlots * kSlotBytes)}));
  ConsumerProcess stopped(directory, source_of(GetParam(), producer), {"when_full=block", "name=stopped"});
  ConsumerProcess other(directory, source_of(GetParam(), producer), {"when_full=block", "name=other"});
  ASSERT_EQ(producer.ask("wait 2").word(), "joined");
  producer.ask("publish 3");
  ASSERT_EQ(stopped.ask("keep 3").number("taken"), 3U);
  ASSERT_EQ(other.ask("take 3").number("taken"), 3U);
  ASSERT_TRUE(eventually([&] { return producer.ask("stats").number("taken") == 6; })) << "or they would count as queued";
  stopped.stop();
  other.tell("take 40");
  producer.ask("publish 40");
  EXPECT_EQ(other.answer().number("missed"), 0U);
  std::this_thread::sleep_for(long_run(std::chrono::seconds{2}));
  const std::uint64_t pinned = GetParam() == Way::SharedMemory ? 3 + 4 : 0;  // what it holds, and its queue
  EXPECT_LE(producer.ask("hoard").number("slots"), kSlots - pinned);
  EXPECT_EQ(producer.ask("stats").number("left"), 0U);

  stopped.resume();
  EXPECT_EQ(stopped.ask("check").word(), "intact");
  stopped.ask("release");
  producer.tell("finish 60000");
  const Reply tally = stopped.ask("drain");
  EXPECT_EQ(tally.number("taken") + tally.number("missed"), 43U);
  EXPECT_EQ(tally.number("faults"), 0U);
  other.ask("drain");
  EXPECT_EQ(producer.answer().number("complete"), 1U);
  EXPECT_TRUE(eventually([&] { return producer.ask("hoard").number("slots") == kSlots; }));
}

TEST_P(ProcessStopped, AConsumerThatTakesAgainIsWaitedForAgain) {
  const RuntimeDirectory directory;
  ProducerProcess producer(directory, over(GetParam(), {"bytes=100000", "block_ms=1000"}));
  ConsumerProcess consumer(directory, source_of(GetParam(), producer), {"when_full=block", "queue=2"});
  ASSERT_EQ(producer.ask("wait 1").word(), "joined");
  consumer.stop();
  producer.ask("publish 10");
  EXPECT_EQ(producer.ask("stats").number("waived"), 1U);
  consumer.resume();
  EXPECT_EQ(consumer.ask("take 2").number("taken"), 2U);
  ASSERT_TRUE(eventually([&] { return producer.ask("stats").number("taken") == 2; }));
  consumer.tell("take 40");  // more than its queue: the producer waits for it
  producer.ask("publish 40");
  const Reply tally = consumer.answer();
  EXPECT_EQ(tally.number("last"), 50U);
  EXPECT_EQ(tally.number("missed"), 8U);  // of the first ten
  EXPECT_EQ(tally.number("faults"), 0U);
}

TEST_P(ProcessStopped, AStoppedProducerLetsConsumersTimeOutIsReportedSilentAndGoesOn) {
  const RuntimeDirectory directory;
  ProducerProcess producer(directory, over(GetParam(), {"bytes=1000000"}));
  ConsumerProcess consumer(directory, source_of(GetParam(), producer), {});
  ASSERT_EQ(producer.ask("wait 1").word(), "joined");
  producer.ask("publish 2");
  ASSERT_EQ(consumer.ask("take 2").number("taken"), 2U);
  producer.stop();
  EXPECT_EQ(consumer.ask("look 100").word(), "timeout");
  EXPECT_TRUE(eventually([&] { return consumer.ask("stats").number("silent") == 1; }));
  EXPECT_NE(consumer.ask("status").text.find("nothing heard from"), std::string::npos);
  EXPECT_EQ(consumer.ask("look 0").word(), "timeout");
  std::this_thread::sleep_for(long_run(std::chrono::seconds{0}));

  producer.resume();
  producer.ask("publish 2");
  const Reply tally = consumer.ask("take 2");
  EXPECT_EQ(tally.number("last"), 4U);
  EXPECT_EQ(tally.number("missed") + tally.number("gaps") + tally.number("faults"), 0U);
  const Reply statistics = consumer.ask("stats");
  EXPECT_EQ(statistics.number("resumed"), 1U);
  EXPECT_EQ(statistics.number("connected"), 1U);
}

}  // namespace
}  // namespace faults
