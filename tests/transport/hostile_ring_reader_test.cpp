// A publisher, one of whose subscribers puts anything into its ring.
#include "arraywire/arraywire.hpp"
#include "memory/process.hpp"
#include "transport/raw_rings.hpp"

#include <gtest/gtest.h>

#include <list>
#include <random>

namespace arraywire::transport::testing {
namespace {

using memory::BellOffer;
using memory::Greeting;
using memory::RingOffer;
using std::chrono::seconds;

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
    // As one that is about to sleep says. Odd, and another number each time.
    void listen(std::uint32_t number) { end.write(RingFormat::kListeningAt, number); }
    bool rung() const {
      char byte{};
      return ::recv(end.bell.get(), &byte, 1, MSG_DONTWAIT) == 1;
    }
    std::uint64_t sent() const { return end.read<std::uint64_t>(RingFormat::kWrittenAt); }
    memory::RawPeer peer;
    RawEnd end{};
  };

  std::string endpoint() const { return publisher_.endpoints().front(); }
  std::filesystem::path slots() const { return directory_.path() / "target" / "slots.sock"; }
  Reader reader() const { return {endpoint(), slots()}; }
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

TEST_F(RingReader, OfAnyNumberThatSleepsEachIsWoken) {
  for (const std::size_t count : {1U, 2U, 3U, 8U}) {
    std::list<Reader> sleepers;
    for (std::size_t i = 0; i < count; ++i) {
      sleepers.emplace_back(endpoint(), slots()).join();
    }
    for (std::uint32_t round = 0; round < 4; ++round) {
      for (Reader& sleeper : sleepers) sleeper.listen(2 * round + 1);
      EXPECT_EQ(publish().receivers, count);
      for (const Reader& sleeper : sleepers) {
        ASSERT_TRUE(eventually([&] { return sleeper.rung(); })) << count;
        EXPECT_FALSE(sleeper.rung()) << "twice for one that is awake";
      }
    }
    for (Reader& sleeper : sleepers) {
      sleeper.bye();
      sleeper.await(wire::Kind::Bye);
    }
  }
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

}  // namespace
}  // namespace arraywire::transport::testing
