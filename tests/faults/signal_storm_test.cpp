// Signals at 10 kHz, handled without SA_RESTART: every system call that can be interrupted is.
#include "faults/scene.hpp"
#include "faults/tally.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <optional>
#include <thread>

namespace faults {
namespace {

using namespace arraywire;

std::atomic<std::uint64_t> handled{0};
void handle(int) { handled.fetch_add(1, std::memory_order_relaxed); }

// Upon the thread that constructs it, while it lives.
class Storm {
 public:
  explicit Storm(std::chrono::microseconds pause = std::chrono::microseconds{100}) {
    struct sigaction action {};
    action.sa_handler = handle;
    ::sigaction(SIGUSR1, &action, &before_);
    const pthread_t target = ::pthread_self();
    thread_ = std::thread([this, target, pause] {
      while (!quit_.load()) {
        ::pthread_kill(target, SIGUSR1);
        if (pause.count() > 0) std::this_thread::sleep_for(pause);
      }
    });
  }
  ~Storm() {
    quit_ = true;
    thread_.join();
  }
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;

 private:
  struct sigaction before_ {};
  std::atomic<bool> quit_{false};
  std::thread thread_{};
};

class SignalStorm : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Over, SignalStorm, every_way(), WayName{});

TEST_P(SignalStorm, LosesNoMessageAndThrowsNothing) {
  constexpr std::uint64_t kMessages = 4000;
  const RuntimeDirectory directory;
  const std::uint64_t before = handled;
  std::optional<Storm> here(std::in_place);
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults", options_over(GetParam(), {.block_limit = kWatchdog, .max_memory_bytes = 16U << 20U}));
  Subscriber subscriber(context, source_of(GetParam(), publisher), {.when_full = WhenFull::Block});
  Tally tally;
  std::optional<TakeError> end;
  std::thread taking([&] {
    const Storm there;
    for (;;) {
      auto sample = subscriber.take(kWatchdog);
      if (!sample) {
        end = sample.error();
        return;
      }
      tally.add(*sample);
    }
  });
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  for (std::uint64_t i = 1; i <= kMessages; ++i) publish_frame(publisher, 60'000, i);
  EXPECT_TRUE(publisher.finish(kWatchdog).complete);
  taking.join();
  EXPECT_EQ(end, TakeError::Ended);
  EXPECT_EQ(tally.taken(), kMessages);
  EXPECT_TRUE(tally.faultless());
  EXPECT_EQ(subscriber.statistics().missed, 0U);
  EXPECT_GT(handled - before, 100U);
}

// Big slots take longer to make than signals take to come.
TEST_P(SignalStorm, LetsBigSlotsBeMade) {
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults", options_over(GetParam(), {.block_limit = kWatchdog}));
  Subscriber subscriber(context, source_of(GetParam(), publisher), {.when_full = WhenFull::Block});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  const Storm storm;
  for (std::uint64_t i = 1; i <= 4; ++i) publish_frame(publisher, kFrameBytes, i);
  for (std::uint64_t i = 1; i <= 4; ++i) {
    const Sample sample = subscriber.take(kWatchdog).value();
    EXPECT_TRUE(intact(sample));
  }
}

TEST_P(SignalStorm, SetUpAndTearDownGoThroughIt) {
  const RuntimeDirectory directory;
  const Storm storm(std::chrono::microseconds{0});  // as fast as they go, to hit every call
  for (std::uint64_t i = 1; i <= 150; ++i) {
    Context context({.runtime_directory = directory.path()});
    Publisher publisher(context, "faults", options_over(GetParam(), {}));
    Subscriber subscriber(context, source_of(GetParam(), publisher));
    ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
    publish_frame(publisher, 1000, i);
    const Sample sample = subscriber.take(kWatchdog).value();
    ASSERT_TRUE(intact(sample));
  }
}

}  // namespace
}  // namespace faults
