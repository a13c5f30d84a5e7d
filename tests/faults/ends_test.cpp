// However a publisher closes, its last frames and its End arrive.
#include "faults/programs.hpp"

#include <gtest/gtest.h>

#include <tuple>

namespace faults {
namespace {

struct Closing {
  const char* name;
  std::vector<std::string> commands;
};

// `return` destroys the context, as main does, and then the process ends; `quit` ends it right after ~Publisher.
const Closing kClosings[] = {
    {"Destructor", {"close"}},
    {"DestructorAndExit", {"close", "return"}},
    {"ReturnFromMain", {"return"}},
    {"DestructorAndNoContextDestructor", {"quit"}},
    {"Finish", {"finish 60000"}},
    {"FinishAndExit", {"finish 60000", "return"}},
    {"FinishTimeoutAndExit", {"finish 0", "return"}},
};

class End : public testing::TestWithParam<std::tuple<Way, Closing, bool>> {};
INSTANTIATE_TEST_SUITE_P(Of, End, testing::Combine(every_way(), testing::ValuesIn(kClosings), testing::Bool()),
                         [](const auto& of) {
                           return way_name(std::get<0>(of.param)) + std::get<1>(of.param).name +
                                  (std::get<2>(of.param) ? "Slow" : "Fast");
                         });

TEST_P(End, ArrivesAfterTheLastFrames) {
  constexpr std::uint64_t kMessages = 12;
  const auto& [way, closing, slow] = GetParam();
  const RuntimeDirectory directory;
  ProducerProcess producer(directory, over(way, {"bytes=5000000", "block_ms=0"}));
  ConsumerProcess consumer(directory, source_of(way, producer),
                           {slow ? "pause_us=30000" : "pause_us=0", "when_full=drop-newest"});
  ASSERT_EQ(producer.ask("wait 1").word(), "joined");
  consumer.tell("drain");
  producer.ask("publish " + std::to_string(kMessages));
  for (const std::string& command : closing.commands) {
    if (command == "return" || command == "quit") {
      producer.tell(command);
      EXPECT_EQ(producer.wait_exit(), 0);
    } else {
      producer.ask(command);
    }
  }
  const Reply tally = consumer.answer();
  ASSERT_EQ(tally.word(), "tally") << tally.text;
  EXPECT_EQ(tally.number("taken") + tally.number("missed"), kMessages) << tally.text;
  EXPECT_GE(tally.number("taken"), 4U);
  EXPECT_EQ(tally.number("ends"), 1U);
  EXPECT_EQ(tally.number("faults") + tally.number("gaps") + tally.number("malformed"), 0U) << tally.text;
}

class EndOfAnIdleStream : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Over, EndOfAnIdleStream, every_way(), WayName{});

// Everything was taken long before: only the End is still to be sent, and the context, or the whole process, is gone at once.
TEST_P(EndOfAnIdleStream, Arrives) {
  for (int round = 0; round < 10; ++round) {
    const RuntimeDirectory directory;
    ProducerProcess producer(directory, over(GetParam(), {}));
    ConsumerProcess consumer(directory, source_of(GetParam(), producer), {});
    ASSERT_EQ(producer.ask("wait 1").word(), "joined");
    producer.ask("publish 3");
    ASSERT_EQ(consumer.ask("take 3").number("taken"), 3U);
    producer.tell(round % 2 == 0 ? "return" : "quit");
    EXPECT_EQ(consumer.ask("drain").number("ends"), 1U);
    EXPECT_TRUE(producer.wait_exit() == 0 && directory.sockets().empty());
  }
}

}  // namespace
}  // namespace faults
