// Many consumers that come, are killed and come again while the stream goes on.
#include "faults/programs.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>

namespace faults {
namespace {

using namespace arraywire;

// Publishes as fast as the pace allows, for whoever is there, until it goes.
class LiveSource {
 public:
  explicit LiveSource(Publisher& publisher)
      : thread_([this, &publisher] {
          while (!quit_) {
            last_ = publish_frame(publisher, 64'000, last_ + 1).sequence;
            std::this_thread::sleep_for(std::chrono::milliseconds{4});
          }
        }) {}
  std::uint64_t stop() {
    quit_ = true;
    thread_.join();
    return last_;
  }

 private:
  std::atomic<bool> quit_{false};
  std::uint64_t last_ = 0;
  std::thread thread_;
};

class Crowd : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Over, Crowd, every_way(), WayName{});

TEST_P(Crowd, OfKilledAndJoiningConsumersGetsEverythingInOrderOrCountsIt) {
  constexpr std::size_t kConsumers = 64;
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults", options_over(GetParam(), {.block_limit = {}}));
  const std::string source = source_of(GetParam(), publisher);
  const auto join = [&](std::size_t i) {
    auto consumer = std::make_unique<ConsumerProcess>(directory, source,
                                                      std::vector<std::string>{i % 3 == 0 ? "when_full=latest" : "queue=8"});
    consumer->tell("flow");
    return consumer;
  };
  std::vector<std::unique_ptr<ConsumerProcess>> crowd;
  LiveSource live(publisher);
  for (std::size_t i = 0; i < kConsumers; ++i) crowd.push_back(join(i));
  std::mt19937 random(64);
  const auto until = std::chrono::steady_clock::now() + long_run(std::chrono::seconds{4});
  while (std::chrono::steady_clock::now() < until) {
    const std::size_t victim = random() % kConsumers;
    crowd[victim]->kill();
    crowd[victim] = join(victim);
  }
  EXPECT_TRUE(publisher.wait_for_subscribers(kConsumers, kWatchdog));
  const std::uint64_t published = live.stop();
  for (const auto& consumer : crowd) consumer->tell("drain");
  EXPECT_TRUE(publisher.finish(kWatchdog).complete);
  for (const auto& consumer : crowd) {
    const Reply tally = consumer->answer();
    ASSERT_EQ(tally.word(), "tally") << tally.text;
    EXPECT_EQ(tally.number("faults") + tally.number("gaps") + tally.number("malformed"), 0U) << tally.text;
    EXPECT_EQ(tally.number("ends"), 1U) << tally.text;
    if (tally.number("taken") > 0) {
      EXPECT_EQ(tally.number("taken") + tally.number("missed"), published - tally.number("base")) << tally.text;
    }
  }
}

}  // namespace
}  // namespace faults
