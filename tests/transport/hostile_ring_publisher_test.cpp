// A subscriber whose publisher puts anything into its ring.
#include "arraywire/arraywire.hpp"
#include "transport/raw_rings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <random>

namespace arraywire::transport::testing {
namespace {

using memory::BellOffer;
using memory::Greeting;
using memory::RingOffer;
using memory::SlotOffer;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr std::uint64_t kSlotBytes = 4096;

class RingPublisher : public ::testing::Test {
 protected:
  void start() {
    subscriber_.emplace(context_, endpoint_, SubscriberOptions{.queue = 16, .hold = 4});
    answer(raw_.await_hello());
    ASSERT_TRUE(eventually([&] { return subscriber_->status().state == SubscriberStatus::State::Connected; }));
    ASSERT_EQ(subscriber_->status().lane, Lane::SharedMemory);
  }
  void answer(const wire::Hello&) {
    peer_.emplace(listener_.accept());
    ASSERT_TRUE(memory::comes(peer_->descriptor()));
    ASSERT_TRUE(std::holds_alternative<Greeting>(peer_->receive().value().message));
    auto ring = peer_->receive();
    ASSERT_TRUE(memory::Rings::map(std::move(ring.value().descriptor), end_.theirs));
    auto bell = memory::Rings::create_bell();
    end_.bell = std::move(bell.ours);
    ASSERT_TRUE(peer_->send(RingOffer{.bytes = RingFormat::kBytes}, end_.memory.descriptor.get()));
    ASSERT_TRUE(peer_->send(BellOffer{}, bell.theirs.get()));
    raw_.welcome({.lane = Lane::SharedMemory, .queue = 16, .hold = 4});
    ASSERT_TRUE(peer_->send(SlotOffer{.id = 1, .bytes = kSlotBytes}, memfd_.descriptor.get()));
  }
  void put(std::uint64_t number) { end_.put(number, raw_.header(number, number, {.slot = 1})); }
  std::uint64_t taken_sequence() {
    const auto sample = subscriber_->take(kWatchdog);
    if (!sample) throw std::runtime_error(std::string(describe(sample.error())) + "; told: " + told());
    return sample->info().sequence;
  }
  std::uint64_t malformed() const { return subscriber_->statistics().malformed; }
  std::string told() const {
    const std::lock_guard lock(told_mutex_);
    return told_;
  }
  void expect_inline_hello(const std::string& reason) {
    const wire::Hello hello = raw_.await_hello();
    EXPECT_EQ(hello.lane, LaneChoice::Inline);
    EXPECT_THAT(hello.lane_reason, HasSubstr(reason));
  }

  ScratchDirectory directory_;
  std::string endpoint_ = "ipc://" + (directory_.path() / "data.sock").string();
  memory::RawListener listener_{directory_.path() / "slots.sock"};
  RawPublisher raw_{endpoint_};
  RawEnd end_{};
  std::optional<memory::RawPeer> peer_{};
  memory::Memfd memfd_ = memory::create_memfd("arraywire-slot", kSlotBytes).value();
  mutable std::mutex told_mutex_{};
  std::string told_{};
  Context context_{{.runtime_directory = directory_.path(), .on_event = [this](const Event& event) {
                      const std::lock_guard lock(told_mutex_);
                      told_ += event.detail + "\n";
                    }}};
  std::optional<Subscriber> subscriber_{};
};

TEST_F(RingPublisher, WhatIsInTheRingIsTakenAndReturnedThroughTheOther) {
  start();
  for (std::uint64_t n = 1; n <= 3; ++n) put(n);
  end_.ring();
  for (std::uint64_t n = 1; n <= 3; ++n) EXPECT_EQ(taken_sequence(), n);
  ASSERT_TRUE(eventually([&] { return end_.read<std::uint64_t>(RingFormat::kReadAt) == 3; }));
  ASSERT_TRUE(eventually([&] {
    const auto count = end_.read<std::uint64_t>(RingFormat::kWrittenAt);
    if (count == 0) return false;
    const Bytes last = end_.entry(count - 1);
    wire::Decoder decoder;
    const auto envelope = decoder.read(last);
    wire::Return returned;
    return envelope && envelope->kind == wire::Kind::Return && decoder.returns(returned) && returned.taken_through == 3;
  }));
  EXPECT_EQ(malformed(), 0U);
}

TEST_F(RingPublisher, ASleepingTakeIsWokenByTheBell) {
  start();
  for (std::uint64_t n = 1; n <= 20; ++n) {
    std::jthread later([&] {
      while (end_.read<std::uint32_t>(RingFormat::kListeningAt) % 2 == 0) std::this_thread::yield();
      put(n);
      end_.ring();
    });
    EXPECT_EQ(taken_sequence(), n);
  }
}

TEST_F(RingPublisher, AnEndComesAfterWhatIsInTheRing) {
  start();
  for (std::uint64_t n = 1; n <= 5; ++n) put(n);
  raw_.end({.last_sequence = 5});
  for (std::uint64_t n = 1; n <= 5; ++n) EXPECT_EQ(taken_sequence(), n);
  EXPECT_EQ(subscriber_->take(kWatchdog).error(), TakeError::Ended);
  EXPECT_EQ(subscriber_->statistics().missed, 0U);
}

TEST_F(RingPublisher, AnEntryWaitsForWhatTheSocketBringsBeforeIt) {
  start();
  put(2);
  put(3);
  end_.ring();
  EXPECT_EQ(subscriber_->take(std::chrono::milliseconds{100}).error(), TakeError::Timeout);
  raw_.send({raw_.header(1, 1, {.slot = 1})});
  for (std::uint64_t n = 1; n <= 3; ++n) EXPECT_EQ(taken_sequence(), n);
  EXPECT_EQ(malformed(), 0U);
}

TEST_F(RingPublisher, NonsenseInTheRingIsDroppedAndCounted) {
  start();
  std::minstd_rand random(1);
  std::uint64_t dropped = 0;
  const auto drop = [&](std::span<const std::byte> bytes) {
    end_.put(++dropped, bytes);
    if (dropped % 32 != 0) return;  // while there is room
    ASSERT_TRUE(eventually([&] { return end_.read<std::uint64_t>(RingFormat::kReadAt) == end_.written; }));
  };
  for (int i = 0; i < 100; ++i) {
    Bytes bytes(random() % RingFormat::kMaxMessageBytes);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random());
    drop(bytes);
  }
  drop({});
  drop(copy_of(raw_.encoder.end(raw_.envelope(), {.last_sequence = 9})));
  drop(copy_of(raw_.encoder.alive(raw_.envelope())));
  Bytes other_session = raw_.header(1, 1);
  wire::stamp(other_session, raw_.epoch, {8, 8}, {.delivery = 1, .sequence = 1, .slot = 1});
  drop(other_session);
  put(dropped + 1);
  end_.ring();
  EXPECT_EQ(taken_sequence(), dropped + 1);
  EXPECT_EQ(malformed(), dropped);
}

TEST_F(RingPublisher, DataWithoutASlotInTheRingIsDropped) {
  start();
  end_.put(1, raw_.header(1, 1));
  put(2);
  end_.ring();
  EXPECT_EQ(taken_sequence(), 2U);
  EXPECT_EQ(malformed(), 1U);
}

TEST_F(RingPublisher, CountsThatCannotBeRightMakeItSayHelloForInline) {
  start();
  end_.write<std::uint64_t>(RingFormat::kWrittenAt, std::uint64_t{1} << 40U);
  end_.ring();
  expect_inline_hello("ring");
  EXPECT_EQ(malformed(), 1U);
}

TEST_F(RingPublisher, ABellThatRingsForNothingIsHarmless) {
  start();
  for (int i = 0; i < 1000; ++i) end_.ring();
  EXPECT_EQ(subscriber_->take(std::chrono::milliseconds{50}).error(), TakeError::Timeout);
  EXPECT_FALSE(memory::is_readable(subscriber_->descriptor()));
  put(1);
  end_.ring();
  EXPECT_TRUE(memory::comes(subscriber_->descriptor()));
  EXPECT_EQ(taken_sequence(), 1U);
}

TEST_F(RingPublisher, ABellThatRingsLateDoesNotSpareTheNextOne) {
  start();
  const int descriptor = subscriber_->descriptor();
  const auto listening = [&] { return end_.read<std::uint32_t>(RingFormat::kListeningAt); };
  for (std::uint64_t n = 1; n <= 20; ++n) {
    put(n);
    EXPECT_EQ(taken_sequence(), n);  // which finds it without having been woken
    ASSERT_EQ(listening() % 2, 1U);
    const std::uint32_t rung_for = listening();
    end_.ring();  // late
    ASSERT_TRUE(memory::comes(descriptor));
    EXPECT_EQ(subscriber_->take(std::chrono::nanoseconds{0}).error(), TakeError::Timeout);
    EXPECT_EQ(listening() % 2, 1U);
    EXPECT_NE(listening(), rung_for);
  }
}

TEST_F(RingPublisher, AnEntryThatHasToWaitDoesNotKeepTakeBusy) {
  start();
  put(2);
  end_.ring();
  const double before = processor_seconds();
  EXPECT_EQ(subscriber_->take(seconds{2}).error(), TakeError::Timeout);
  EXPECT_LT(processor_seconds() - before, 1.5) << "it was running all the time";
}

}  // namespace
}  // namespace arraywire::transport::testing
