// Consumers are killed wherever they are: taking, reading, holding, releasing. What they had comes back, and nobody else notices.
#include "faults/programs.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <random>

namespace faults {
namespace {

constexpr std::size_t kSlotBytes = 65'536;  // whole pages: a slot of it counts so much
constexpr std::uint64_t kSlots = 40;

class ConsumersKilled : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Over, ConsumersKilled, every_way(), WayName{});

// What a producer has now, of what may leak.
struct Possessions {
  std::uint64_t slots, pool_bytes;
  std::size_t descriptors, threads;
  bool operator==(const Possessions&) const = default;
};
Possessions possessions(ProducerProcess& producer) {
  const std::uint64_t slots = producer.ask("hoard").number("slots");
  return {slots, producer.ask("stats").number("pool"), open_descriptors(producer.pid()), threads(producer.pid())};
}
void PrintTo(const Possessions& p, std::ostream* out) {  // NOLINT(readability-identifier-naming): GoogleTest's
  *out << p.slots << " slots, " << p.pool_bytes << " bytes, " << p.descriptors << " descriptors, " << p.threads << " threads";
}

class Victims {
 public:
  Victims(const RuntimeDirectory& directory, std::string source) : directory_(directory), source_(std::move(source)) {
    for (auto& victim : all_) victim = join();
  }
  void kill_one() {
    std::this_thread::sleep_for(std::chrono::microseconds{random_() % 20'000});
    auto& victim = all_.at(random_() % all_.size());
    victim->kill();
    victim = join();
  }
  void kill_all() {
    for (auto& victim : all_) victim->kill();
  }
  std::size_t size() const { return all_.size(); }

 private:
  std::unique_ptr<ConsumerProcess> join() {
    const std::vector<std::string> settings{random_() % 2 == 0 ? "when_full=latest" : "when_full=block", "name=victim"};
    auto victim = std::make_unique<ConsumerProcess>(directory_, source_, settings);
    victim->tell("churn");
    return victim;
  }

  const RuntimeDirectory& directory_;
  const std::string source_;
  std::mt19937 random_{1};
  std::array<std::unique_ptr<ConsumerProcess>, 4> all_{};
};

TEST_P(ConsumersKilled, AnywhereLeaveNothingBehindAndTheOthersGetEverything) {
  const std::vector<std::string> shared_before = shared_memory_files();
  const RuntimeDirectory directory;
  ProducerProcess producer(directory, over(GetParam(), {"bytes=" + std::to_string(kSlotBytes), "pause_us=300", "block_ms=60000",
                                                        "memory=" + std::to_string(kSlots * kSlotBytes)}));
  const std::string source = source_of(GetParam(), producer);
  const std::vector<std::string> lasting{"when_full=block", "queue=2", "hold=1", "name=lasting"};
  std::array<ConsumerProcess, 2> others{ConsumerProcess(directory, source, lasting), ConsumerProcess(directory, source, lasting)};
  ASSERT_EQ(producer.ask("wait 2").word(), "joined");
  producer.ask("publish 1");
  for (auto& other : others) EXPECT_EQ(other.ask("take 1").number("last"), 1U);
  ASSERT_TRUE(eventually([&] { return possessions(producer).slots == kSlots; }));
  const Possessions before = possessions(producer);

  for (auto& other : others) other.tell("flow");
  Victims victims(directory, source);
  ASSERT_EQ(producer.ask("wait 6").word(), "joined");
  producer.tell("flow");
  const int kills = times(100, 1000);
  for (int i = 0; i < kills; ++i) victims.kill_one();
  const std::uint64_t published = producer.ask("halt").number("sequence");
  victims.kill_all();

  EXPECT_TRUE(eventually([&] { return possessions(producer) == before; })) << testing::PrintToString(possessions(producer));
  EXPECT_EQ(producer.ask("stats").number("waived"), 0U);
  producer.tell("finish 60000");
  for (auto& other : others) {
    const Reply tally = other.ask("drain");
    EXPECT_EQ(tally.number("taken"), published) << tally.text;
    EXPECT_EQ(tally.number("missed") + tally.number("faults") + tally.number("gaps"), 0U) << tally.text;
  }
  EXPECT_EQ(producer.answer().number("complete"), 1U);
  std::vector<std::string> own{"faults", "faults/data.sock", "faults/lock"};
  if (GetParam() != Way::Ipc) own.emplace_back("faults/slots.sock");
  EXPECT_EQ(directory.entries(), own);
  EXPECT_TRUE(eventually([&] { return shared_memory_files() == shared_before; }));
}

// Nothing else happens meanwhile that could make the producer look: the death itself is what it hears of.
TEST_P(ConsumersKilled, WhileTheProducerRestsGiveEverySlotBack) {
  const RuntimeDirectory directory;
  ProducerProcess producer(directory, over(GetParam(), {"bytes=" + std::to_string(kSlotBytes), "delivery=distribute",
                                                        "memory=" + std::to_string(kSlots * kSlotBytes)}));
  for (int round = 0; round < 5; ++round) {
    ConsumerProcess holding(directory, source_of(GetParam(), producer), {});
    ASSERT_EQ(producer.ask("wait 1").word(), "joined");
    producer.ask("publish 4");
    ASSERT_EQ(holding.ask("keep 4").number("taken"), 4U);
    producer.ask("publish 4");
    ASSERT_EQ(producer.ask("hoard").number("slots"), kSlots - 8);
    holding.kill();
    ConsumerProcess next(directory, source_of(GetParam(), producer), {});
    EXPECT_EQ(next.ask("take 8").number("taken"), 8U);
    EXPECT_TRUE(eventually([&] { return producer.ask("hoard").number("slots") == kSlots; }));
  }
}

}  // namespace
}  // namespace faults
