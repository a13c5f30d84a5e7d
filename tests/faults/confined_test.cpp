// Processes in namespaces and memory groups of their own.
#include "faults/pattern.hpp"
#include "faults/programs.hpp"
#include "memory/memory_group.hpp"
#include "sanitized.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace faults {
namespace {

using namespace arraywire;

constexpr std::uint64_t kSlotBytes = 1U << 20U, kSlots = 40;

bool can_unshare() {
  return arraywire::testing::in_child(
             []() -> std::string { return ::unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET) == 0 ? "yes" : "no"; }) == "yes";
}

// In pid, mount and network namespaces of its own, where it is process 1. Killed with what started it.
class NamespacedConsumer : public Child {
 public:
  explicit NamespacedConsumer(const RuntimeDirectory& directory)
      : Child("/usr/bin/unshare", {"--pid", "--mount", "--propagation", "unchanged", "--net", "--fork", "--kill-child",
                                   FAULT_CONSUMER, directory.path().string(), "faults", "when_full=block"}) {
    answer();
  }
};

class Namespaced : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (!can_unshare()) GTEST_SKIP() << "needs root, to make namespaces";
  }
};
INSTANTIATE_TEST_SUITE_P(Over, Namespaced, ::testing::Values(Way::SharedMemory, Way::Ipc), WayName{});

TEST_P(Namespaced, ConsumersThatShareTheSocketPathAreServedAndNeverTheWrongSlot) {
  const RuntimeDirectory directory;
  ProducerProcess producer(directory, over(GetParam(), {"bytes=" + std::to_string(kSlotBytes), "block_ms=60000",
                                                        "memory=" + std::to_string(kSlots * kSlotBytes)}));
  std::array<NamespacedConsumer, 2> inside{NamespacedConsumer(directory), NamespacedConsumer(directory)};  // both are process 1
  ConsumerProcess outside(directory, "faults", {"when_full=block"});
  ASSERT_EQ(producer.ask("wait 3").word(), "joined");
  producer.tell("publish 100");
  for (Child* consumer : {static_cast<Child*>(&inside[0]), static_cast<Child*>(&inside[1]), static_cast<Child*>(&outside)}) {
    consumer->tell("take 96");
  }
  for (Child* consumer : {static_cast<Child*>(&inside[0]), static_cast<Child*>(&inside[1]), static_cast<Child*>(&outside)}) {
    const Reply tally = consumer->answer();
    EXPECT_EQ(tally.number("taken"), 96U);
    EXPECT_EQ(tally.number("missed") + tally.number("faults") + tally.number("malformed"), 0U) << tally.text;
    EXPECT_NE(consumer->ask("status").text.find(GetParam() == Way::SharedMemory ? "lane shared-memory" : "lane inline"),
              std::string::npos);
    EXPECT_EQ(consumer->ask("keep 3").number("faults"), 0U);
  }
  ASSERT_EQ(producer.answer().word(), "published");

  // The death of one is not that of the other, although they have the same number.
  inside[0].kill();
  EXPECT_TRUE(eventually([&] { return producer.ask("stats").number("left") == 1; }));
  EXPECT_EQ(inside[1].ask("check").word(), "intact");
  const std::uint64_t held = GetParam() == Way::SharedMemory ? 4 : 0;  // three, and one that waits
  EXPECT_TRUE(eventually([&] { return producer.ask("hoard").number("slots") == kSlots - held; }));
  EXPECT_EQ(inside[1].ask("check").word(), "intact");
  inside[1].kill();
  outside.kill();
  EXPECT_TRUE(eventually([&] { return producer.ask("hoard").number("slots") == kSlots; }));
}

using ConfinedMemory = arraywire::testing::MemoryLimit;

TEST_F(ConfinedMemory, APublisherWhosePoolDoesNotFitIsToldSoAndNobodyIsKilled) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's shadow does not fit into the group";
  const RuntimeDirectory directory;
  EXPECT_EQ(in_group([&]() -> std::string {
              Context context({.runtime_directory = directory.path()});
              Publisher publisher(context, "faults", {.block_limit = kWatchdog, .max_memory_bytes = 10 * kLimit});
              Subscriber subscriber(context, "faults");
              if (!publisher.wait_for_subscribers(1, kWatchdog)) return "nobody";
              if (publisher.loan(bytes_spec(2 * kLimit)).error() != LoanError::TooLarge) return "not too large";
              std::vector<Loan> loans;
              for (;;) {
                auto loan = publisher.loan(bytes_spec(kLimit / 12), std::chrono::milliseconds{1});
                if (!loan && loan.error() == LoanError::Exhausted) break;
                fill(loan.value().array().bytes(), 1);
                loans.push_back(std::move(*loan));
              }
              if (loans.size() < 4) return "only " + std::to_string(loans.size());
              loans.clear();
              for (std::uint64_t i = 1; i <= 50; ++i) {
                publish_frame(publisher, kLimit / 12, i);
                const Sample sample = subscriber.take(kWatchdog).value();
                if (!intact(sample) || sample.lane() != Lane::SharedMemory) return "damaged, or inline";
              }
              return "goes on";
            }),
            "goes on");
}

// What it maps is the publisher's memory, not its own.
TEST_F(ConfinedMemory, AConsumerReadsFramesThatWouldNotFitIntoIt) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's shadow does not fit into the group";
  const RuntimeDirectory directory;
  ProducerProcess producer(directory, {"bytes=" + std::to_string(2 * kLimit)});
  Child consumer("/bin/sh", {"-c", "echo $$ > " + (group_ / "cgroup.procs").string() + " && exec " FAULT_CONSUMER " " +
                                       directory.path().string() + " faults queue=1 hold=1"});
  ASSERT_EQ(consumer.answer().word(), "ready");
  ASSERT_EQ(producer.ask("wait 1").word(), "joined");
  for (std::uint64_t i = 1; i <= 5; ++i) {
    producer.ask("publish 1");
    const Reply tally = consumer.ask("take 1");
    ASSERT_EQ(tally.number("last"), i) << tally.text;
    EXPECT_EQ(tally.number("faults"), 0U);
  }
  EXPECT_NE(consumer.ask("status").text.find("lane shared-memory"), std::string::npos);
}

}  // namespace
}  // namespace faults
