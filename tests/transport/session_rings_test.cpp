// Rings between real ends: what goes through them, what goes over the socket instead, and ends that put in anything.
#include "arraywire/arraywire.hpp"
#include "memory/hand_over_fixture.hpp"
#include "memory/memfd.hpp"
#include "memory/process.hpp"
#include "memory/rings.hpp"
#include "transport/raw_peers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <ctime>
#include <mutex>
#include <random>
#include <set>

namespace arraywire::transport::testing {
namespace {

// Of this thread.
double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

using memory::BellOffer;
using memory::Greeting;
using memory::RingFormat;
using memory::RingOffer;
using memory::SlotOffer;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr std::uint64_t kSlotBytes = 4096;

// An end of rings that the test writes as it likes.
struct RawEnd {
  memory::Memfd memory = memory::Rings::create_memory().value();
  memory::Mapping theirs{};
  memory::Descriptor bell{};
  std::uint64_t written = 0;

  template <class Number> void write(std::size_t at, Number number) const {
    std::memcpy(memory.mapping.bytes().data() + at, &number, sizeof number);
  }
  template <class Number> Number read(std::size_t at) const {
    Number number{};
    std::memcpy(&number, theirs.bytes().data() + at, sizeof number);
    return number;
  }
  void put(std::uint64_t number, std::span<const std::byte> bytes) {
    const std::size_t at = RingFormat::kEntriesAt + (written % RingFormat::kEntries) * RingFormat::kEntryBytes;
    write<std::uint64_t>(at, number);
    write<std::uint64_t>(at + 8, bytes.size());
    std::copy(bytes.begin(), bytes.end(), memory.mapping.bytes().begin() + static_cast<std::ptrdiff_t>(at) + 16);
    std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(memory.mapping.bytes().data())).store(++written);
  }
  void ring() const { static_cast<void>(!::send(bell.get(), "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL)); }
  Bytes entry(std::uint64_t n) const {
    const std::size_t at = RingFormat::kEntriesAt + (n % RingFormat::kEntries) * RingFormat::kEntryBytes;
    return copy_of(theirs.bytes().subspan(at + 16, read<std::uint64_t>(at + 8)));
  }
};

// ---- a publisher that says anything

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

// ---- a subscriber that says anything

class RingReader : public ::testing::Test {
 protected:
  struct Reader : RawConsumer {
    Reader(const std::string& endpoint, const std::filesystem::path& slots) : RawConsumer(endpoint), peer(slots) {}
    void join(WhenFull when_full = WhenFull::Automatic) {
      session = random_id();
      const memory::Descriptor process = memory::own_process();
      peer.send(Greeting{.session = session}, process.get());
      peer.send(RingOffer{.bytes = RingFormat::kBytes}, end.memory.descriptor.get());
      hello({.queue = 4, .hold = 4, .when_full = when_full});
      await(wire::Kind::Welcome);
      auto ring = peer.receive();
      if (!memory::Rings::map(std::move(ring.value().descriptor), end.theirs)) throw std::runtime_error("no ring");
      auto bell = peer.receive();
      if (!std::holds_alternative<BellOffer>(bell.value().message)) throw std::runtime_error("no bell");
      end.bell = std::move(bell.value().descriptor);
    }
    void put(const wire::Return& message) { end.put(0, encoder.returns(envelope(), message)); }
    std::uint64_t sent() const { return end.read<std::uint64_t>(RingFormat::kWrittenAt); }
    memory::RawPeer peer;
    RawEnd end{};
  };

  Reader reader() const { return {publisher_.endpoints().front(), directory_.path() / "target" / "slots.sock"}; }
  Published publish() {
    Loan loan = publisher_.loan({.dtype = DType::UInt8, .shape = {8}}, seconds{10}).value();
    return publisher_.publish(std::move(loan)).value();
  }
  ConsumerStatistics consumer() const { return publisher_.statistics().consumers.front(); }
  std::uint64_t dropped() const { return publisher_.statistics().dropped_peer_messages; }

  ScratchDirectory directory_;
  Context context_{{.runtime_directory = directory_.path()}};
  Publisher publisher_{context_, "target"};
};

TEST_F(RingReader, GetsDataInTheRingAndReturnsItInItsOwn) {
  Reader raw = reader();
  raw.join();
  const std::uint64_t sequence = publish().sequence;
  ASSERT_EQ(raw.sent(), 1U);
  const Bytes entry = raw.end.entry(0);
  const auto envelope = raw.decoder.read(entry);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->session, raw.session);
  wire::Data data;
  ASSERT_TRUE(raw.decoder.data(data));
  EXPECT_EQ(data.stamp.sequence, sequence);
  EXPECT_EQ(data.stamp.delivery, 1U);
  EXPECT_NE(data.stamp.slot, 0U);
  EXPECT_EQ(consumer().leased, 1U);
  raw.put({.taken_through = 1, .released = {1}});
  EXPECT_EQ(consumer().leased, 0U);
  EXPECT_EQ(consumer().taken, 1U);
}

TEST_F(RingReader, ThatPutsInNonsenseIsCountedAndHarmsNobody) {
  Reader raw = reader();
  raw.join();
  std::minstd_rand random(1);
  for (int i = 0; i < 100; ++i) {
    Bytes bytes(random() % RingFormat::kMaxMessageBytes);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random());
    const std::uint64_t before = dropped();
    raw.end.put(0, bytes);
    EXPECT_EQ(dropped(), before + 1);
  }
  const std::uint64_t before = dropped();
  raw.end.put(0, raw.encoder.bye(raw.envelope(), {}));
  raw.end.put(0, raw.encoder.returns({.epoch = raw.epoch, .session = {8, 8}}, {.taken_through = 1}));
  raw.put({.taken_through = 1, .released = {77}});
  EXPECT_EQ(dropped(), before + 3);
  publish();
  EXPECT_EQ(consumer().leased, 1U);
}

TEST_F(RingReader, WithCountsThatCannotBeRightHasEnded) {
  Reader raw = reader();
  raw.join();
  publish();
  EXPECT_EQ(consumer().leased, 1U);
  raw.end.write<std::uint64_t>(RingFormat::kWrittenAt, ~std::uint64_t{0});
  EXPECT_EQ(publish().receivers, 0U);
  EXPECT_EQ(consumer().leased, 0U);
  EXPECT_EQ(dropped(), 1U);
}

TEST_F(RingReader, ThatSaysItHasReadWhatItHasNotGetsItOverTheSocket) {
  Reader raw = reader();
  raw.join();
  raw.end.write<std::uint64_t>(RingFormat::kReadAt, 1000);
  for (std::uint64_t number = 1; number <= RingFormat::kEntries; ++number) {  // until it seems full
    EXPECT_EQ(publish().sequence, number);
    raw.put({.taken_through = number, .released = {number}});
  }
  EXPECT_EQ(raw.sent(), RingFormat::kEntries);
  const std::uint64_t sequence = publish().sequence;
  EXPECT_EQ(raw.sent(), RingFormat::kEntries);
  EXPECT_EQ(raw.await_data().stamp.sequence, sequence);
}

TEST_F(RingReader, ThatRingsForNothingDoesNotKeepPublishBusy) {
  Reader raw = reader();
  raw.join(WhenFull::Block);
  for (int i = 0; i < 4; ++i) publish();
  raw.end.ring();
  const double before = processor_seconds();
  EXPECT_EQ(publish().receivers, 0U);  // after the whole block limit, which is a second
  EXPECT_LT(processor_seconds() - before, 0.75) << "it was running all the time";
}

TEST_F(RingReader, ThatOffersASecondRingHasEnded) {
  Reader raw = reader();
  raw.join();
  raw.peer.send(RingOffer{.bytes = RingFormat::kBytes}, raw.end.memory.descriptor.get());
  EXPECT_TRUE(eventually([&] { return raw.peer.hung_up(); }));
}

TEST_F(RingReader, WithARingThatIsNoneGetsTheLaneWithoutRings) {
  Reader raw = reader();
  raw.session = random_id();
  const memory::Descriptor process = memory::own_process();
  raw.peer.send(Greeting{.session = raw.session}, process.get());
  raw.peer.send(RingOffer{.bytes = RingFormat::kBytes}, process.get());
  raw.hello({.queue = 4, .hold = 4});
  raw.await(wire::Kind::Welcome);
  const std::uint64_t sequence = publish().sequence;
  EXPECT_EQ(raw.await_data().stamp.sequence, sequence);
}

// ---- two ends that keep to the rules

// What a session before this one still has mapped must not keep take busy, nor hold it beyond its deadline.
TEST(SessionRings, ASampleOfAPublisherThatIsGoneDoesNotKeepTakeBusy) {
  const ScratchDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Subscriber subscriber(context, "target");
  std::optional<Publisher> publisher(std::in_place, context, "target");
  ASSERT_TRUE(publisher->wait_for_subscribers(1, kWatchdog));
  ASSERT_TRUE(publisher->publish(publisher->loan({.dtype = DType::UInt8, .shape = {8}}, kWatchdog).value()));
  const auto held = subscriber.take(kWatchdog);
  ASSERT_TRUE(held.has_value());
  publisher.reset();
  publisher.emplace(context, "target");
  ASSERT_TRUE(publisher->wait_for_subscribers(1, kWatchdog));
  EXPECT_EQ(subscriber.take(std::chrono::milliseconds{50}).error(), TakeError::Ended);
  EXPECT_EQ(subscriber.take(std::chrono::milliseconds{50}).error(), TakeError::Timeout);
  EXPECT_FALSE(memory::is_readable(subscriber.descriptor()));
}

// Whatever was returned before a worker left counts, on whichever way its farewell came.
TEST(SessionRings, WorkersThatReleaseAndLeaveAtOnceLeaveNothingToBeDeliveredAgain) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "libzmq closes descriptors where ThreadSanitizer does not see it, and their numbers come back in other threads";
#endif
  const ScratchDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "target", {.delivery = Delivery::Distribute, .block_limit = kWatchdog});
  std::atomic<bool> done = false;
  std::mutex seen_mutex;
  std::set<std::uint64_t> seen;
  std::uint64_t again = 0;
  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      Context own({.runtime_directory = directory.path()});
      while (!done) {
        Subscriber worker(own, "target", {.queue = 1, .hold = 1, .lane = LaneChoice::SharedMemory});
        const auto sample = worker.take(std::chrono::milliseconds{200});
        if (!sample) continue;
        const std::lock_guard lock(seen_mutex);
        if (!seen.insert(sample->info().sequence).second) ++again;
      }
    });
  }
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  for (int i = 0; i < 600; ++i) {
    auto loan = publisher.loan({.dtype = DType::UInt8, .shape = {8}}, kWatchdog);
    ASSERT_TRUE(loan && publisher.publish(std::move(*loan)));
  }
  done = true;
  workers.clear();
  EXPECT_EQ(again, 0U);
}

struct Stream {
  explicit Stream(SubscriberOptions options, PublisherOptions sending = {})
      : publisher(context, "target", std::move(sending)), subscriber(context, "target", std::move(options)) {
    if (!publisher.wait_for_subscribers(1, kWatchdog)) throw std::runtime_error("nobody came");
  }
  void publish(std::size_t attribute_bytes) {
    Metadata metadata;
    metadata.attributes.set("text", std::string(attribute_bytes, 'x'));
    Loan loan = publisher.loan({.dtype = DType::UInt8, .shape = {8}}, kWatchdog).value();
    if (!publisher.publish(std::move(loan), metadata)) throw std::runtime_error("publish");
  }
  void expect(std::uint64_t sequence, std::size_t attribute_bytes) {
    const auto sample = subscriber.take(kWatchdog);
    ASSERT_TRUE(sample.has_value());
    EXPECT_EQ(sample->info().sequence, sequence);
    EXPECT_EQ(sample->info().missed_before, 0U);
    EXPECT_EQ(std::get<std::string>(*sample->info().attributes.find("text")).size(), attribute_bytes);
  }
  ScratchDirectory directory;
  Context context{{.runtime_directory = directory.path()}};
  Publisher publisher;
  Subscriber subscriber;
};

TEST(SessionRings, OrderIsKeptBetweenHeadersThatFitAnEntryAndThoseThatDoNot) {
  constexpr std::array<std::size_t, 4> kSizes{10, 5000, 100, 100'000};
  Stream stream({.when_full = WhenFull::Block, .queue = 8});
  std::jthread publishing([&] {
    for (std::uint64_t n = 1; n <= 400; ++n) stream.publish(kSizes[n % kSizes.size()]);
  });
  for (std::uint64_t n = 1; n <= 400; ++n) stream.expect(n, kSizes[n % kSizes.size()]);
  EXPECT_EQ(stream.subscriber.statistics().missed, 0U);
  EXPECT_EQ(stream.subscriber.statistics().malformed, 0U);
}

TEST(SessionRings, WhatDoesNotFitTheRingGoesOverTheSocketInOrder) {
  constexpr std::uint64_t kMany = 5 * RingFormat::kEntries;
  Stream stream({.when_full = WhenFull::Block, .queue = 500, .hold = 500});
  for (int round = 0; round < 3; ++round) {
    const auto base = static_cast<std::uint64_t>(round) * kMany;
    for (std::uint64_t n = base + 1; n <= base + kMany; ++n) stream.publish(n % 7);
    std::vector<Sample> held;
    for (std::uint64_t n = base + 1; n <= base + kMany; ++n) {
      auto sample = stream.subscriber.take(kWatchdog);
      ASSERT_TRUE(sample.has_value());
      EXPECT_EQ(sample->info().sequence, n);
      held.push_back(std::move(*sample));
    }
  }
  EXPECT_EQ(stream.subscriber.statistics().missed, 0U);
  EXPECT_EQ(stream.subscriber.statistics().malformed, 0U);
  EXPECT_EQ(stream.publisher.statistics().dropped_peer_messages, 0U);
  EXPECT_TRUE(eventually([&] { return stream.publisher.statistics().consumers.front().leased == 0; }));
}

TEST(SessionRings, WhoWaitsForTheDescriptorAloneMissesNothing) {
  Stream stream({.when_full = WhenFull::Block});
  const int descriptor = stream.subscriber.descriptor();
  std::jthread publishing([&] {
    for (std::uint64_t n = 1; n <= 500; ++n) stream.publish(n % 5);
  });
  for (std::uint64_t n = 1; n <= 500; ++n) {  // one message for each time that it is readable
    ASSERT_TRUE(memory::comes(descriptor));
    stream.expect(n, n % 5);
  }
}

TEST(SessionRings, TheLatestIsAskedForAndComesThroughThem) {
  Stream stream({.when_full = WhenFull::Latest});
  stream.publish(1);
  stream.publish(2);
  std::this_thread::sleep_for(std::chrono::milliseconds{20});  // whatever is kept waits for the service thread
  const auto sample = stream.subscriber.take(kWatchdog);
  ASSERT_TRUE(sample.has_value());
  EXPECT_EQ(sample->info().sequence, 2U);
}

TEST(SessionRings, WithoutSpinningEverybodySleepsAndNothingIsLost) {
  Stream stream({.when_full = WhenFull::Block, .queue = 1, .hold = 1, .spin = {}}, {.spin = {}});
  std::jthread publishing([&] {
    for (std::uint64_t n = 1; n <= 2000; ++n) stream.publish(n % 3);
  });
  for (std::uint64_t n = 1; n <= 2000; ++n) stream.expect(n, n % 3);
}

}  // namespace
}  // namespace arraywire::transport::testing
