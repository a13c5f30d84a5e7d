// Everything goes in any order, under traffic, with loans and samples alive. The watchdog is ctest's: what hangs fails.
#include "faults/pattern.hpp"
#include "faults/scene.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace faults {
namespace {

using namespace arraywire;
using std::chrono::milliseconds;

// Memory that was lent, and how often each piece came back.
class Lender {
 public:
  Borrowed lend() {
    Piece& piece = pieces_.at(lent_++);
    piece.bytes.resize(20'000);
    fill(piece.bytes, lent_);
    return {view_of(std::span<const std::byte>(piece.bytes), {20'000}),
            {[](void* hint) noexcept { ++*static_cast<std::atomic<int>*>(hint); }, &piece.freed}};
  }
  bool room() const { return lent_ < pieces_.size(); }
  std::size_t lent() const { return lent_; }
  bool each_came_back_once() const {
    return std::all_of(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(lent_),
                       [](const Piece& p) { return p.freed == 1; });
  }

 private:
  struct Piece {
    std::vector<std::byte> bytes{};
    std::atomic<int> freed{0};
  };
  std::vector<Piece> pieces_ = std::vector<Piece>(100'000);
  std::size_t lent_ = 0;
};

// A publisher and a subscriber at work on threads of their own.
class Traffic {
 public:
  enum Part : std::size_t { kContext, kPublisher, kSubscriber, kSamples, kLoan, kParts };

  explicit Traffic(Way way) {
    context_.emplace(ContextOptions{.runtime_directory = directory_.path()});
    publisher_.emplace(*context_, "faults", options_over(way, {.block_limit = milliseconds{20}, .linger = milliseconds{20}}));
    subscriber_.emplace(*context_, source_of(way, *publisher_), SubscriberOptions{.queue = 3, .hold = 3});
    if (!publisher_->wait_for_subscribers(1, kWatchdog)) throw std::runtime_error("nobody joined");
    loan_.emplace(publisher_->loan(bytes_spec(20'000)).value());
    publishing_ = std::thread([this] { publish(); });
    taking_ = std::thread([this] { take(); });
    if (!eventually([this] { return taken_ >= 3; })) throw std::runtime_error("no traffic");
  }
  ~Traffic() {
    for (std::size_t part = 0; part < kParts; ++part) end(static_cast<Part>(part));
  }
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  void end(Part part) {
    switch (part) {
      case kContext: context_.reset(); break;
      case kPublisher: join(publishing_), publisher_.reset(); break;
      case kSubscriber: join(taking_), subscriber_.reset(); break;
      case kSamples: drop_samples(); break;
      case kLoan: loan_.reset(); break;
      case kParts: break;
    }
  }
  const Lender& lender() const { return lender_; }
  const RuntimeDirectory& directory() const { return directory_; }

 private:
  void join(std::thread& thread) {
    (&thread == &taking_ ? stop_taking_ : stop_publishing_) = true;
    if (thread.joinable()) thread.join();
  }
  void publish() {
    while (!stop_publishing_ && lender_.room()) {
      if (!publisher_->publish(lender_.lend())) return;
      auto loan = publisher_->loan(bytes_spec(20'000), milliseconds{20});
      if (loan && !publisher_->publish(std::move(*loan))) return;
    }
  }
  void take() {
    while (!stop_taking_) {
      auto sample = subscriber_->take(milliseconds{5});
      if (!sample && sample.error() != TakeError::Timeout && sample.error() != TakeError::HoldingAll) return;
      if (sample) {
        ++taken_;
        const std::lock_guard lock(samples_mutex_);
        if (samples_.size() < 2 && !samples_dropped_) samples_.push_back(std::move(*sample));
      }
    }
  }
  void drop_samples() {
    const std::lock_guard lock(samples_mutex_);
    samples_dropped_ = true;
    samples_.clear();
  }

  const RuntimeDirectory directory_{};
  Lender lender_{};
  std::optional<Context> context_{};
  std::optional<Publisher> publisher_{};
  std::optional<Subscriber> subscriber_{};
  std::optional<Loan> loan_{};
  std::mutex samples_mutex_{};
  std::vector<Sample> samples_{};
  bool samples_dropped_ = false;
  std::atomic<bool> stop_publishing_{false}, stop_taking_{false};
  std::atomic<std::uint64_t> taken_{0};
  std::thread publishing_{}, taking_{};
};

class Shutdown : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Over, Shutdown, every_way(), WayName{});

TEST_P(Shutdown, InAnyOrderReturnsAndGivesEveryBorrowedMemoryBackOnce) {
  std::array<std::size_t, Traffic::kParts> order{};
  std::iota(order.begin(), order.end(), 0);
  int number = 0;
  do {
    if (GetParam() == Way::Tcp && number++ % 4 != 0) continue;
    Traffic traffic(GetParam());
    for (const std::size_t part : order) traffic.end(static_cast<Traffic::Part>(part));
    ASSERT_GT(traffic.lender().lent(), 0U);
    ASSERT_TRUE(traffic.lender().each_came_back_once()) << testing::PrintToString(order);
    ASSERT_TRUE(traffic.directory().sockets().empty());
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_P(Shutdown, StopEndsEveryWait) {
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults",
                      options_over(GetParam(), {.block_limit = kForever, .max_memory_bytes = 1U << 20U, .linger = {}}));
  Subscriber subscriber(context, source_of(GetParam(), publisher), {.when_full = WhenFull::Block, .queue = 1});
  Subscriber other(context, "nobody-serves-this");
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  std::optional<TakeError> taking;
  std::thread waiting([&] { taking = other.take(kForever).error(); });
  std::optional<bool> waited;
  std::thread joining([&] { waited = publisher.wait_for_subscribers(2, kForever); });
  std::optional<LoanError> lending;
  std::thread blocked([&] {
    std::vector<Loan> loans;
    for (;;) {
      auto loan = publisher.loan(bytes_spec(400'000), kForever);
      if (!loan) {
        lending = loan.error();
        return;
      }
      loans.push_back(std::move(*loan));
    }
  });
  std::this_thread::sleep_for(milliseconds{50});
  context.stop();
  waiting.join();
  joining.join();
  blocked.join();
  EXPECT_EQ(taking, TakeError::Stopped);
  EXPECT_EQ(waited, false);
  EXPECT_EQ(lending, LoanError::Stopped);
  EXPECT_EQ(subscriber.take(kForever).error(), TakeError::Stopped);
}

TEST_P(Shutdown, StopEndsABlockedPublishAndTheMessageCountsAsMissed) {
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Context elsewhere({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults", options_over(GetParam(), {.block_limit = kForever, .linger = kWatchdog}));
  Subscriber subscriber(elsewhere, source_of(GetParam(), publisher), {.when_full = WhenFull::Block, .queue = 1});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  publish_frame(publisher, 1000, 1);
  std::thread stopping([&] {
    EXPECT_TRUE(eventually([&] { return !publisher.statistics().waiting_for.empty(); }));
    context.stop();
  });
  const Published blocked = publish_frame(publisher, 1000, 2);
  stopping.join();
  EXPECT_EQ(blocked.missed, 1U);
  std::thread finishing([&] { EXPECT_TRUE(publisher.finish(kWatchdog).complete); });  // a stopped program still ends its stream
  EXPECT_TRUE(subscriber.take(kWatchdog).has_value());
  EXPECT_EQ(subscriber.take(kWatchdog).error(), TakeError::Ended);
  EXPECT_EQ(subscriber.statistics().missed, 1U);
  finishing.join();
}

struct UserError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

TEST_P(Shutdown, AnExceptionInUserCodeUnwindsEverythingAndTheNextRunStarts) {
  const RuntimeDirectory directory;
  Lender lender;
  for (int run = 0; run < 20; ++run) {
    try {
      std::optional<Sample> outlives;  // dies after the context in which it was taken
      Context context({.runtime_directory = directory.path()});
      Publisher publisher(context, "faults", options_over(GetParam(), {.linger = milliseconds{10}}));
      Subscriber subscriber(context, source_of(GetParam(), publisher));
      ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
      ASSERT_TRUE(publisher.publish(lender.lend()).has_value());
      outlives.emplace(subscriber.take(kWatchdog).value());
      const Loan loan = publisher.loan(bytes_spec(1000)).value();
      const Borrowed unpublished = lender.lend();
      throw UserError("from the middle of it");
    } catch (const UserError&) {
    }
    ASSERT_TRUE(lender.each_came_back_once());
    ASSERT_TRUE(directory.sockets().empty());
  }
}

TEST_P(Shutdown, SamplesAndLoansStayUsableWithoutWhatTheyCameFrom) {
  const RuntimeDirectory directory;
  std::optional<Sample> sample;
  Loan loan;
  {
    Context context({.runtime_directory = directory.path()});
    Publisher publisher(context, "faults", options_over(GetParam(), {}));
    Subscriber subscriber(context, source_of(GetParam(), publisher));
    ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
    publish_frame(publisher, kFrameBytes, 7);
    sample.emplace(subscriber.take(kWatchdog).value());
    loan = publisher.loan(bytes_spec(kFrameBytes)).value();
  }
  EXPECT_TRUE(intact(*sample));
  fill(loan.array().bytes(), 1);
  EXPECT_TRUE(matches(loan.array().bytes(), 1));
  std::thread elsewhere([&] {
    sample.reset();
    const Loan dropped = std::move(loan);
  });
  elsewhere.join();
}

}  // namespace
}  // namespace faults
