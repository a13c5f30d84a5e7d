// Consumers come, take and leave, one after the other and many at once: what they needed goes with them, on both sides.
#include "faults/programs.hpp"
#include "sanitized.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>

namespace faults {
namespace {

using namespace arraywire;

constexpr std::size_t kBytes = 65'536;
constexpr SubscriberOptions kSmall{.queue = 1, .hold = 1};

class Turnover : public testing::TestWithParam<Way> {
 protected:
  // What may leak, of this process and the producer's.
  struct Possessions {
    friend void PrintTo(const Possessions& p, std::ostream* out) {
      *out << p.descriptors << " descriptors, " << p.threads << " threads, " << p.mappings << " mappings; of the producer "
           << p.producer_descriptors << " descriptors, " << p.producer_threads << " threads";
    }
    std::size_t descriptors = open_descriptors(::getpid()), threads = faults::threads(::getpid());
    std::size_t mappings = slot_mappings(::getpid());
    std::size_t producer_descriptors, producer_threads;
    bool within(const Possessions& other) const {
      return descriptors <= other.descriptors && threads <= other.threads && mappings <= other.mappings &&
             producer_descriptors <= other.producer_descriptors && producer_threads <= other.producer_threads;
    }
  };
  Possessions possessions() const {
    return {.producer_descriptors = open_descriptors(producer_.pid()), .producer_threads = faults::threads(producer_.pid())};
  }
  void expect_to_come_back_to(const Possessions& before) const {
    EXPECT_TRUE(eventually([&] { return possessions().within(before); }))
        << testing::PrintToString(possessions()) << ", but before " << testing::PrintToString(before);
  }
  std::unique_ptr<Subscriber> join() { return std::make_unique<Subscriber>(context_, source_of(GetParam(), producer_), kSmall); }
  // A whole life: joined, served, gone.
  void serve_one() {
    const auto consumer = join();
    ASSERT_EQ(producer_.ask("wait 1").word(), "joined");
    ASSERT_EQ(producer_.ask("publish 1").number("receivers"), 1U);
    const auto sample = consumer->take(kWatchdog);
    ASSERT_TRUE(sample.has_value());
    EXPECT_TRUE(intact(*sample));
    EXPECT_EQ(sample->lane(), lane_of(GetParam())) << consumer->status().reason;
  }

  const RuntimeDirectory directory_{};
  ProducerProcess producer_{directory_, over(GetParam(), {"bytes=" + std::to_string(kBytes), "block_ms=60000"})};
  Context context_{{.runtime_directory = directory_.path()}};
};
INSTANTIATE_TEST_SUITE_P(Over, Turnover, every_way(), WayName{});

TEST_P(Turnover, OfAThousandConsumersInTurnLeaksNothing) {
  for (int i = 0; i < 50; ++i) serve_one();
  const Possessions before = possessions();
  const std::size_t own = resident_bytes(::getpid()), producers = resident_bytes(producer_.pid());
  for (int i = 0; i < 1000; ++i) {
    serve_one();
    if (HasFatalFailure()) return;
  }
  expect_to_come_back_to(before);
  EXPECT_EQ(producer_.ask("stats").number("dropped"), 0U);
  if (kSanitized) return;                // a sanitizer keeps what was freed
  constexpr std::size_t kOfEach = 8192;  // beyond it, each of them would have left something
  EXPECT_LT(resident_bytes(::getpid()), own + 1000 * kOfEach);
  EXPECT_LT(resident_bytes(producer_.pid()), producers + 1000 * kOfEach);
}

TEST_P(Turnover, OfSixtyFourAtOnceServesThemAllAndLeaksNothing) {
  serve_one();
  Possessions before{};
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<Subscriber>> crowd;
    for (int i = 0; i < 64; ++i) crowd.push_back(join());
    ASSERT_EQ(producer_.ask("wait 64").word(), "joined");
    EXPECT_EQ(producer_.ask("publish 1").number("receivers"), 64U);
    for (const auto& consumer : crowd) {
      const auto sample = consumer->take(kWatchdog);
      ASSERT_TRUE(sample.has_value());
      EXPECT_TRUE(intact(*sample));
      EXPECT_EQ(sample->lane(), lane_of(GetParam())) << consumer->status().reason;
    }
    crowd.clear();
    ASSERT_TRUE(eventually([&] { return producer_.ask("stats").number("left") == 1U + 64U * static_cast<unsigned>(round + 1); }));
    if (round == 0) {  // libzmq keeps what so many needed, for the next so many
      std::this_thread::sleep_for(std::chrono::milliseconds{200});
      before = possessions();
    }
  }
  expect_to_come_back_to(before);
}

}  // namespace
}  // namespace faults
