// A slow consumer that wants the newest: it gets that, and the producer does not notice it.
#include "faults/scene.hpp"
#include "faults/tally.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>

namespace faults {
namespace {

using namespace arraywire;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::int64_t now_ns() { return std::chrono::nanoseconds(steady_clock::now().time_since_epoch()).count(); }

// Publishes at a steady pace until told to stop; notes when each publish had returned.
class Paced {
 public:
  explicit Paced(Publisher& publisher, std::chrono::seconds length)
      : done_ns_(static_cast<std::size_t>(length.count() + 2) * 1000), thread_([this, &publisher, length] {
          auto due = steady_clock::now();
          const auto end = due + length;
          while (steady_clock::now() < end && published_ + 1 < done_ns_.size()) {
            publish_frame(publisher, 500'000, published_ + 1);
            done_ns_[++published_] = now_ns();
            std::this_thread::sleep_until(due += milliseconds{4});
          }
        }) {}
  std::uint64_t join() {
    thread_.join();
    return published_;
  }
  // publish of that message had returned at the time.
  bool was_out(std::uint64_t sequence, std::int64_t at_ns) const {
    const std::int64_t done = sequence < done_ns_.size() ? done_ns_[sequence].load() : 0;
    return done != 0 && done < at_ns;
  }

 private:
  std::vector<std::atomic<std::int64_t>> done_ns_;
  std::atomic<std::uint64_t> published_{0};
  std::thread thread_;
};

std::uint64_t published_alone(Way way, std::chrono::seconds length) {
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults", options_over(way, {}));
  return Paced(publisher, length).join();
}

class LatestTo : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Over, LatestTo, every_way(), WayName{});

TEST_P(LatestTo, ASlowConsumerIsTheNewestThatWasPublishedWhenItAsked) {
  const auto length = long_run(std::chrono::seconds{3});
  const RuntimeDirectory directory;
  EventLog log;
  Context context(log.options(directory));
  Publisher publisher(context, "faults", options_over(GetParam(), {}));
  Subscriber subscriber(context, source_of(GetParam(), publisher), {.when_full = WhenFull::Latest});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  Paced paced(publisher, length);
  Tally tally;
  std::uint64_t older = 0;
  std::thread taking([&] {
    for (;;) {
      const std::int64_t asked = now_ns();
      auto sample = subscriber.take(kWatchdog);
      if (!sample) return;
      older += paced.was_out(sample->info().sequence + 1, asked) ? 1 : 0;
      tally.add(*sample);
      sample->release();
      std::this_thread::sleep_for(milliseconds{23});
    }
  });
  const std::uint64_t published = paced.join();
  EXPECT_TRUE(publisher.finish(kWatchdog).complete);
  taking.join();
  EXPECT_EQ(older, 0U);
  EXPECT_GT(tally.taken(), 0U);
  EXPECT_LT(tally.taken(), published);
  EXPECT_TRUE(tally.faultless());
  EXPECT_EQ(tally.taken() + subscriber.statistics().missed, published);
  EXPECT_EQ(log.count(EventKind::Waived), 0U);
  EXPECT_GT(2 * published, published_alone(GetParam(), length)) << "the producer was slowed";
}

TEST_P(LatestTo, AConsumerThatNeverAsksCostsTheProducerNothing) {
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults", options_over(GetParam(), {.block_limit = kForever}));
  Subscriber subscriber(context, source_of(GetParam(), publisher), {.when_full = WhenFull::Latest});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  for (std::uint64_t i = 1; i <= 1000; ++i) publish_frame(publisher, 100'000, i);  // would never return if it waited
  const Sample sample = subscriber.take(kWatchdog).value();
  EXPECT_EQ(sample.info().sequence, 1000U);
  EXPECT_EQ(sample.info().missed_before, 999U);
  EXPECT_TRUE(intact(sample));
  EXPECT_LT(publisher.statistics().slots, 8U);
}

}  // namespace
}  // namespace faults
