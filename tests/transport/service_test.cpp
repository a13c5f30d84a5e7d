#include "transport/service.hpp"

#include "arraywire/error.hpp"
#include "transport/scratch_directory.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <stdexcept>
#include <thread>

namespace arraywire::transport {
namespace {

using namespace std::chrono_literals;
using arraywire::testing::ScratchDirectory;

bool eventually(const std::function<bool()>& condition) {
  const SteadyTime watchdog = steady_now() + 60s;
  while (!condition()) {
    if (steady_now() > watchdog) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

// Counts what the service thread does with it.
class Watched final : public Participant {
 public:
  std::vector<int> descriptors() const override { return {event.descriptor()}; }
  SteadyTime serve(std::uint64_t ready, SteadyTime now) override {
    EXPECT_FALSE(closed) << "nothing is called after close()";
    ++served;
    if (ready) ++served_ready;
    if (on_serve) on_serve();
    return again_after == 0ns ? SteadyTime::max() : now + again_after;
  }
  void close() noexcept override { EXPECT_FALSE(closed.exchange(true)) << "closed once"; }

  memory::EventFd event{};
  std::chrono::nanoseconds again_after{0};
  std::function<void()> on_serve{};
  std::atomic<int> served{0};
  std::atomic<int> served_ready{0};
  std::atomic<bool> closed{false};
};

class ServiceTest : public ::testing::Test {
 protected:
  ScratchDirectory directory{};
  std::optional<Service> service{std::in_place, ContextOptions{.runtime_directory = directory.path()}};
};

// ---- participants

TEST_F(ServiceTest, ServesWhatIsAddedAndWhatIsReady) {
  const auto watched = std::make_shared<Watched>();
  watched->on_serve = [&] { watched->event.clear(); };
  service->add(watched);
  EXPECT_TRUE(eventually([&] { return watched->served == 1; })) << "once, to learn when it is due";
  EXPECT_EQ(watched->served_ready, 0);
  for (int i = 1; i <= 100; ++i) {
    watched->event.set();
    ASSERT_TRUE(eventually([&] { return watched->served_ready == i; }));
  }
  service->remove(*watched);
  EXPECT_TRUE(watched->closed);
}

TEST_F(ServiceTest, ServesAgainWhenItIsDue) {
  const auto watched = std::make_shared<Watched>();
  watched->again_after = 1ms;
  service->add(watched);
  EXPECT_TRUE(eventually([&] { return watched->served >= 10; }));
  EXPECT_EQ(watched->served_ready, 0);
}

TEST_F(ServiceTest, DoesNotTouchWhatIsRemoved) {
  for (int round = 0; round < 200; ++round) {
    const auto watched = std::make_shared<Watched>();
    watched->event.set();  // always ready: it is being served all the time
    service->add(watched);
    if (round % 2 == 0) {
      ASSERT_TRUE(eventually([&] { return watched->served > 0; }));
    }
    service->remove(*watched);
    EXPECT_TRUE(watched->closed);
    const int served = watched->served;
    std::this_thread::yield();
    EXPECT_EQ(watched->served, served);
  }
}

TEST_F(ServiceTest, ReleasesWhatIsRemoved) {
  auto watched = std::make_shared<Watched>();
  const std::weak_ptr<Watched> weak = watched;
  service->add(watched);
  service->remove(*watched);
  watched.reset();
  EXPECT_TRUE(eventually([&] { return weak.expired(); }));
}

TEST_F(ServiceTest, CanBeAskedToRemoveFromItsOwnThread) {
  const auto watched = std::make_shared<Watched>();
  const auto other = std::make_shared<Watched>();
  watched->on_serve = [&] {
    service->remove(*other);
    service->remove(*watched);
  };
  service->add(other);
  service->add(watched);
  EXPECT_TRUE(eventually([&] { return watched->closed && other->closed; }));
}

TEST_F(ServiceTest, RemovingTwiceOrAStrangerDoesNothing) {
  const auto watched = std::make_shared<Watched>();
  Watched stranger;
  service->add(watched);
  service->remove(*watched);
  service->remove(*watched);
  service->remove(stranger);
  EXPECT_FALSE(stranger.closed);
}

TEST_F(ServiceTest, ManyThreadsComeAndGo) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const auto watched = std::make_shared<Watched>();
        watched->event.set();
        service->add(watched);
        service->remove(*watched);
        EXPECT_TRUE(watched->closed);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ServiceTest, DestructionUnderTrafficClosesEveryoneOnce) {
  std::vector<std::shared_ptr<Watched>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(std::make_shared<Watched>());
    all.back()->event.set();
    all.back()->again_after = 1ns;
    service->add(all.back());
  }
  ASSERT_TRUE(eventually([&] { return all.back()->served > 0; }));
  service.reset();
  for (const auto& watched : all) EXPECT_TRUE(watched->closed);
}

TEST_F(ServiceTest, RunsFreeCallbacksAtTheLatestWhenItEnds) {
  static std::atomic<int> freed;
  freed = 0;
  {
    const memory::Reference block = service->releases().borrow({[](void*) noexcept { ++freed; }, nullptr});
    EXPECT_EQ(freed, 0);
  }
  EXPECT_TRUE(eventually([] { return freed == 1; }));
  service.reset();
  EXPECT_EQ(freed, 1);
}

// ---- stop

TEST_F(ServiceTest, StopEndsEveryWaitNowAndLater) {
  EXPECT_FALSE(service->stopped());
  std::thread stopper([&] { service->stop(); });
  EXPECT_TRUE(memory::wait_readable(std::array{service->stop_descriptor()}, SteadyTime::max()));
  stopper.join();
  EXPECT_TRUE(service->stopped());
  EXPECT_TRUE(memory::wait_readable(std::array{service->stop_descriptor()}, SteadyTime::max())) << "sticky";
}

TEST_F(ServiceTest, OnlyTheSecondStopEndsFinishToo) {
  service->stop();
  EXPECT_FALSE(service->stopped_hard());
  EXPECT_FALSE(memory::wait_readable(std::array{service->hard_stop_descriptor()}, steady_now()));
  service->stop();
  EXPECT_TRUE(service->stopped_hard());
  EXPECT_TRUE(memory::wait_readable(std::array{service->hard_stop_descriptor()}, steady_now()));
  service->stop();
  EXPECT_TRUE(service->stopped_hard());
}

TEST_F(ServiceTest, StopMayBeCalledFromASignalHandler) {
  static Service* stopped_by_signal;
  stopped_by_signal = &*service;
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) { stopped_by_signal->stop(); };
  ::sigaction(SIGUSR1, &action, &before);
  errno = 77;
  ::raise(SIGUSR1);
  EXPECT_EQ(errno, 77);
  ::sigaction(SIGUSR1, &before, nullptr);
  EXPECT_TRUE(service->stopped());
}

TEST_F(ServiceTest, GoesOnServingWhenStopped) {
  service->stop();
  const auto watched = std::make_shared<Watched>();
  service->add(watched);
  EXPECT_TRUE(eventually([&] { return watched->served == 1; })) << "streams must still end in order";
}

// ---- the process around it

TEST_F(ServiceTest, LeavesSignalsToTheApplication) {
  static std::atomic<bool> on_this_thread;
  static std::thread::id this_thread;
  this_thread = std::this_thread::get_id();
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) { on_this_thread = std::this_thread::get_id() == this_thread; };
  ::sigaction(SIGUSR2, &action, &before);
  for (int i = 0; i < 50; ++i) {
    on_this_thread = false;
    ::kill(::getpid(), SIGUSR2);  // to any thread that takes it: ours is the only one
    EXPECT_TRUE(eventually([] { return on_this_thread.load(); }));
  }
  ::sigaction(SIGUSR2, &before, nullptr);
}

TEST_F(ServiceTest, SaysSoInAForkedChild) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      service->require_own_process();
    } catch (const Error& error) {
      ::_exit(error.code() == ErrorCode::InvalidArgument ? 0 : 2);
    }
    ::_exit(1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  service->require_own_process();
}

TEST(EventSink, AThrowingCallbackIsNotWorthAProcess) {
  int called = 0;
  const EventSink sink([&](const Event&) {
    ++called;
    throw std::runtime_error("from the application");
  });
  sink.emit({});
  EXPECT_EQ(called, 1);
  EventSink(nullptr).emit({});
}

}  // namespace
}  // namespace arraywire::transport
