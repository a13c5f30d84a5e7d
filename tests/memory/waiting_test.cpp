#include "memory/waiting.hpp"

#include "core/signal_storm.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <thread>
#include <vector>

namespace arraywire::memory {
namespace {

using namespace std::chrono_literals;
using testing::SignalStorm;

bool is_readable(const EventFd& event) { return wait_readable(std::array{event.descriptor()}, steady_now()); }

TEST(EventFd, IsALevel) {
  EventFd event;
  EXPECT_FALSE(is_readable(event));
  event.set();
  event.set();
  EXPECT_TRUE(is_readable(event));
  EXPECT_TRUE(is_readable(event)) << "looking at it does not clear it";
  event.clear();
  EXPECT_FALSE(is_readable(event)) << "once, however often it was set";
  event.clear();
  event.set();
  EXPECT_TRUE(is_readable(event));
}

TEST(EventFd, KeepsErrnoForSignalHandlers) {
  EventFd event;
  errno = 1234;
  event.set();
  EXPECT_EQ(errno, 1234);
}

TEST(WaitReadable, EndsAtItsDeadlineAndNotBefore) {
  const EventFd event;
  const SteadyTime deadline = steady_now() + 50ms;
  EXPECT_FALSE(wait_readable(std::array{event.descriptor()}, deadline));
  EXPECT_GE(steady_now(), deadline);
}

TEST(WaitReadable, LooksOnceWhenTheDeadlineIsPast) {
  EventFd event;
  EXPECT_FALSE(wait_readable(std::array{event.descriptor()}, SteadyTime::min()));
  event.set();
  EXPECT_TRUE(wait_readable(std::array{event.descriptor()}, SteadyTime::min()));
}

TEST(WaitReadable, WaitsForEverForAnyOfMany) {
  std::vector<std::unique_ptr<EventFd>> events;
  std::vector<int> descriptors;
  for (int i = 0; i < 40; ++i) {
    events.push_back(std::make_unique<EventFd>());
    descriptors.push_back(events.back()->descriptor());
  }
  std::thread setter([&] { events.back()->set(); });
  EXPECT_TRUE(wait_readable(descriptors, SteadyTime::max()));
  setter.join();
}

TEST(WaitReadable, SignalsDoNotEndIt) {
  const EventFd event;
  const SignalStorm storm;
  const SteadyTime deadline = steady_now() + 200ms;
  EXPECT_FALSE(wait_readable(std::array{event.descriptor()}, deadline));
  EXPECT_GE(steady_now(), deadline);
  EXPECT_GT(SignalStorm::signals(), 10U);
}

TEST(WaitReadable, SeesWhatComesInAStormOfSignals) {
  EventFd there, back;
  std::thread echo([&] {
    for (int i = 0; i < 1000; ++i) {
      wait_readable(std::array{there.descriptor()}, SteadyTime::max());
      there.clear();
      back.set();
    }
  });
  const SignalStorm storm;
  for (int i = 0; i < 1000; ++i) {
    there.set();
    ASSERT_TRUE(wait_readable(std::array{back.descriptor()}, SteadyTime::max()));
    back.clear();
  }
  echo.join();
}

}  // namespace
}  // namespace arraywire::memory
