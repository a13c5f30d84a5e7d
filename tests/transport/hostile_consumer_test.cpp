// A publisher among subscribers that say anything: each such message is dropped and counted, and the next one is fine.
#include "arraywire/arraywire.hpp"
#include "transport/raw_peers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace arraywire::transport::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class HostileConsumer : public ::testing::Test {
 protected:
  void start(PublisherOptions options = {}) { publisher_.emplace(context_, "target", std::move(options)); }
  std::string endpoint() const { return publisher_->endpoints().front(); }
  std::uint64_t dropped() const { return publisher_->statistics().dropped_peer_messages; }
  bool dropped_reaches(std::uint64_t count) const {
    return eventually([&] { return dropped() >= count; }) && dropped() == count;
  }
  Published publish() {
    Loan loan = publisher_->loan({.dtype = DType::UInt8, .shape = {8}}, seconds{10}).value();
    return publisher_->publish(std::move(loan)).value();
  }
  std::uint32_t leased() const { return publisher_->statistics().consumers.front().leased; }

  ScratchDirectory directory_;
  Context context_{{.runtime_directory = directory_.path()}};
  std::optional<Publisher> publisher_;
};

TEST_F(HostileConsumer, FramesThatAreNoMessageAreDroppedAndCounted) {
  start();
  RawConsumer raw(endpoint());
  raw.session = random_id();
  const Bytes hello = copy_of(raw.encoder.hello({.session = raw.session}, {.queue = 4, .hold = 4}));
  raw.send({Bytes{}});
  raw.send({Bytes(100, std::byte{0x5A})});
  raw.send({hello, hello});
  raw.send({hello, Bytes{}, Bytes{}});
  raw.send(std::vector<Bytes>(10'000, Bytes(1)));
  Bytes truncated = hello;
  truncated.resize(truncated.size() / 2);
  raw.send({truncated});
  EXPECT_TRUE(dropped_reaches(6));
  raw.join();
  publish();
  EXPECT_EQ(raw.await_data().stamp.sequence, 1U);
}

TEST_F(HostileConsumer, OfAnotherEpochOrSessionNothingIsBelieved) {
  start({.delivery = Delivery::Distribute});
  RawConsumer raw(endpoint());
  raw.join();
  publish();
  EXPECT_EQ(raw.await_data().stamp.delivery, 1U);
  const wire::Return all{.taken_through = 1, .released = {1}};
  raw.send(
      {copy_of(raw.encoder.returns({.epoch = {1, 2}, .session = raw.session}, all))});  // may be for one that was here before
  raw.send({copy_of(raw.encoder.returns({.epoch = raw.epoch, .session = {3, 4}}, all))});
  raw.send({copy_of(raw.encoder.bye({.epoch = raw.epoch, .session = {}}, {}))});
  EXPECT_TRUE(dropped_reaches(2));
  EXPECT_EQ(leased(), 1U);
  raw.returns(all);
  EXPECT_TRUE(eventually([&] { return leased() == 0; }));
  EXPECT_EQ(dropped(), 2U);
}

TEST_F(HostileConsumer, WhatASessionThatEndedStillSaysIsNeitherBelievedNorCounted) {
  start({.delivery = Delivery::Distribute});
  RawConsumer raw(endpoint());
  raw.join();
  const Id first = raw.session;
  raw.join();
  publish();
  EXPECT_EQ(raw.await_data().stamp.delivery, 1U);
  raw.send({copy_of(raw.encoder.returns({.epoch = raw.epoch, .session = first}, {.taken_through = 1, .released = {1}}))});
  raw.send({copy_of(raw.encoder.bye({.epoch = raw.epoch, .session = first}, {}))});
  EXPECT_EQ(leased(), 1U);
  raw.returns({.taken_through = 1, .released = {1}});
  EXPECT_TRUE(eventually([&] { return leased() == 0; }));
  EXPECT_EQ(dropped(), 0U);
  EXPECT_EQ(publish().receivers, 1U);
}

TEST_F(HostileConsumer, MessagesThatOnlyPublishersSendAreDropped) {
  start();
  RawConsumer raw(endpoint());
  raw.join();
  raw.send({copy_of(raw.encoder.end(raw.envelope(), {.last_sequence = 9}))});
  raw.send(
      {copy_of(raw.encoder.welcome(raw.envelope(), {.stream = "target", .queue = 1, .hold = 1, .when_full = WhenFull::Block}))});
  raw.send({copy_of(raw.encoder.refused(raw.envelope(), {.reason = "no"}))});
  EXPECT_TRUE(dropped_reaches(3));
  publish();
  EXPECT_EQ(raw.await_data().stamp.sequence, 1U);
}

TEST_F(HostileConsumer, AReturnOfWhatIsNotOutstandingFreesNothing) {
  start({.delivery = Delivery::Distribute});
  RawConsumer raw(endpoint());
  raw.join();
  publish();
  publish();
  raw.await_data();
  raw.await_data();
  raw.returns({.taken_through = 1, .released = {0, 3, 99, ~std::uint64_t{0}}, .rejected = {17}});
  EXPECT_TRUE(dropped_reaches(1)) << "one message, however much is wrong in it";
  EXPECT_EQ(leased(), 2U);
  raw.returns({.taken_through = 99});
  EXPECT_TRUE(dropped_reaches(2));
  raw.returns({.taken_through = 2, .released = {2}});
  raw.returns({.taken_through = 2, .released = {2}});
  EXPECT_TRUE(dropped_reaches(3)) << "already returned";
  EXPECT_EQ(leased(), 1U);
  EXPECT_EQ(publisher_->statistics().consumers.front().taken, 2U);
}

TEST_F(HostileConsumer, ASecondHelloOfASessionChangesNothing) {
  start();
  RawConsumer raw(endpoint());
  raw.join();
  publish();
  raw.hello({.queue = 1, .hold = 1});
  EXPECT_TRUE(dropped_reaches(1));
  EXPECT_EQ(raw.await_data().stamp.delivery, 1U);
  publish();
  EXPECT_EQ(raw.await_data().stamp.delivery, 2U) << "it goes on counting";
  EXPECT_EQ(publisher_->statistics().consumers.size(), 1U);
}

TEST_F(HostileConsumer, AReplacedSessionThatStillHoldsSomethingIsNotTalkedTo) {
  start({.delivery = Delivery::Distribute});
  RawConsumer raw(endpoint());
  raw.join();
  publish();
  raw.await_data();
  const Id first = raw.session;
  raw.join({.queue = 4, .hold = 4, .replaces = first, .last_epoch = raw.epoch, .last_sequence = 1, .held = {1}});
  for (int alives = 0; alives < 3; ++alives) {
    const auto frames = raw.await(wire::Kind::Alive);
    EXPECT_EQ(raw.decoder.read(frames.front()).value().session, raw.session);
  }
  raw.send({copy_of(raw.encoder.returns({.epoch = raw.epoch, .session = first}, {.taken_through = 1, .released = {1}}))});
  std::thread consumer([&] {
    raw.await(wire::Kind::End);
    raw.returns({.ended = true});
  });
  EXPECT_TRUE(publisher_->finish(kWatchdog).complete);
  consumer.join();
  EXPECT_EQ(dropped(), 0U);
}

TEST_F(HostileConsumer, AnotherSessionOnOneConnectionEndsTheFirst) {
  start();
  RawConsumer raw(endpoint());
  raw.join();
  raw.join();
  EXPECT_EQ(publisher_->statistics().consumers.size(), 2U) << "one of now, one that left";
  EXPECT_FALSE(publisher_->wait_for_subscribers(2, {}));
  EXPECT_EQ(publish().receivers, 1U);
}

TEST_F(HostileConsumer, HellosThatCannotBeServedAreRefusedWithAReason) {
  start();
  RawConsumer raw(endpoint());
  const auto reason = [&](const wire::Hello& hello) {
    raw.session = random_id();
    raw.hello(hello);
    raw.await(wire::Kind::Refused);
    wire::Refused refused;
    return raw.decoder.refused(refused) ? refused.reason : "";
  };
  EXPECT_THAT(reason({.stream = "other", .queue = 1, .hold = 1}), HasSubstr("this is stream 'target', not 'other'"));
  EXPECT_THAT(reason({.queue = 1, .hold = 1, .lane = LaneChoice::SharedMemory}), HasSubstr("hand-over socket"));
  EXPECT_EQ(publisher_->statistics().consumers.size(), 0U);
  raw.join();
}

TEST_F(HostileConsumer, SaysGoodByeForDeliveriesThatItNeverHad) {
  start({.delivery = Delivery::Distribute});
  RawConsumer raw(endpoint());
  raw.join();
  raw.bye({.held = {1, 2, 3, 99}});
  EXPECT_TRUE(
      eventually([&] { return !publisher_->statistics().consumers.empty() && !publisher_->wait_for_subscribers(1, {}); }));
  raw.join();
  publish();
  EXPECT_EQ(raw.await_data().stamp.attempt, 1U);
}

// ---- other versions

TEST_F(HostileConsumer, ANewerMajorVersionIsRefusedWithBothNamed) {
  start();
  RawConsumer raw(endpoint());
  raw.session = random_id();
  raw.hello({.queue = 4, .hold = 4}, {.major = 41, .minor = 7});
  raw.await(wire::Kind::Refused);
  wire::Refused refused;
  ASSERT_TRUE(raw.decoder.refused(refused));
  EXPECT_THAT(refused.reason, HasSubstr("41.7"));
  EXPECT_THAT(refused.reason, HasSubstr(std::to_string(wire::kVersion.major) + "." + std::to_string(wire::kVersion.minor)));
  EXPECT_EQ(refused.supported, wire::kVersion);
  EXPECT_TRUE(dropped_reaches(1));
  raw.join();
}

TEST_F(HostileConsumer, ANewerMinorVersionIsServed) {
  start();
  RawConsumer raw(endpoint());
  raw.session = random_id();
  wire::Version newer = wire::kVersion;
  newer.minor = 99;
  raw.hello({.queue = 4, .hold = 4}, newer);
  raw.await(wire::Kind::Welcome);
  publish();
  EXPECT_EQ(raw.await_data().stamp.sequence, 1U);
  raw.send({copy_of(raw.encoder.returns({.version = newer, .epoch = raw.epoch, .session = raw.session}, {.taken_through = 1}))});
  EXPECT_TRUE(eventually([&] { return publisher_->statistics().consumers.front().taken == 1; }));
  EXPECT_EQ(dropped(), 0U);
}

}  // namespace
}  // namespace arraywire::transport::testing
