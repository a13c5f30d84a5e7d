// A subscriber of a publisher that hands over anything, and names any slot: nothing is read that was not checked, and the stream
// goes on, inline if it must.
#include "arraywire/arraywire.hpp"
#include "memory/hand_over_fixture.hpp"
#include "memory/memfd.hpp"
#include "transport/raw_peers.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <mutex>

namespace arraywire::transport::testing {
namespace {

using memory::Descriptor;
using memory::Retire;
using memory::SlotOffer;
using memory::Unmapped;
using ::testing::HasSubstr;

constexpr std::uint64_t kSlotBytes = 4096;

class HostileSlotPublisher : public ::testing::Test {
 protected:
  void start(SubscriberOptions options = {.queue = 16, .hold = 4}) {
    subscriber_.emplace(context_, endpoint_, std::move(options));
    welcome_on(Lane::SharedMemory, raw_.await_hello());
    ASSERT_TRUE(eventually([&] { return subscriber_->status().state == SubscriberStatus::State::Connected; }));
  }
  void welcome_on(Lane lane, const wire::Hello& hello) {
    if (lane == Lane::SharedMemory) {
      peer_.emplace(listener_.accept());
      ASSERT_TRUE(memory::comes(peer_->descriptor()));
      const auto greeting = peer_->receive();
      ASSERT_TRUE(greeting.has_value());
      EXPECT_EQ(std::get<memory::Greeting>(greeting->message).session, raw_.session);
      const auto ring = peer_->receive();  // which this one does without
      ASSERT_TRUE(ring.has_value());
      EXPECT_TRUE(std::holds_alternative<memory::RingOffer>(ring->message));
    }
    raw_.welcome({.lane = lane, .lane_reason = hello.lane_reason, .queue = 16, .hold = 4});
  }
  // The slot that is in order.
  void offer(std::uint64_t id) { ASSERT_TRUE(peer_->send(SlotOffer{.id = id, .bytes = kSlotBytes}, memfd_.descriptor.get())); }
  void name_slot(std::uint64_t number, std::uint64_t slot, std::uint64_t offset = 0) {
    raw_.send({raw_.header(number, number, {.slot = slot}, offset)});
  }
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

  ScratchDirectory directory_;
  std::string endpoint_ = "ipc://" + (directory_.path() / "data.sock").string();
  memory::RawListener listener_{directory_.path() / "slots.sock"};
  RawPublisher raw_{endpoint_};
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

TEST_F(HostileSlotPublisher, ASlotThatIsInOrderIsRead) {
  start();
  offer(1);
  for (std::size_t i = 0; i < 8; ++i) memfd_.mapping.bytes()[64 + i] = static_cast<std::byte>(i + 1);
  name_slot(1, 1, 64);
  const auto sample = subscriber_->take(kWatchdog);
  ASSERT_TRUE(sample.has_value());
  EXPECT_EQ(sample->lane(), Lane::SharedMemory);
  const ConstArrayView view = sample->array();
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(view.bytes()[i], static_cast<std::byte>(i + 1));
  EXPECT_EQ(malformed(), 0U);
}

TEST_F(HostileSlotPublisher, UnknownSlotsOffsetsPastTheEndAndOtherEpochsAreDroppedAndCounted) {
  start();
  offer(1);
  std::uint64_t n = 0;
  name_slot(++n, 2);
  name_slot(++n, ~std::uint64_t{0});
  for (const std::uint64_t offset : {kSlotBytes, kSlotBytes + 64, std::uint64_t{1} << 63U, ~std::uint64_t{63}})
    name_slot(++n, 1, offset);
  ++n;
  raw_.send({raw_.header(n, n, {.slot = 1}), Bytes(8)});  // a payload as well
  const std::uint64_t dropped = n;
  Bytes other_epoch = raw_.header(n + 1, n + 1);
  wire::stamp(other_epoch, {8, 8}, raw_.session, {.delivery = n + 1, .sequence = n + 1, .slot = 1});
  raw_.send({other_epoch});
  name_slot(++n, 1, kSlotBytes - 64);
  EXPECT_EQ(taken_sequence(), n);
  EXPECT_EQ(malformed(), dropped + 1);
  EXPECT_EQ(subscriber_->statistics().missed, dropped);
}

TEST_F(HostileSlotPublisher, ARetiredSlotIsUnknownAndGivenBackWhenItsLastSampleIsGone) {
  start();
  offer(1);
  offer(2);
  name_slot(1, 1);
  auto held = subscriber_->take(kWatchdog);
  ASSERT_TRUE(held.has_value());
  peer_->send(Retire{.id = 1});
  peer_->send(Retire{.id = 2});
  ASSERT_TRUE(memory::comes(peer_->descriptor()));
  EXPECT_EQ(std::get<Unmapped>(peer_->receive().value().message), (Unmapped{.id = 2})) << "nobody is in that one";
  EXPECT_EQ(held->array().bytes().size(), 8U);
  EXPECT_FALSE(memory::wait_readable(std::array{peer_->descriptor()}, steady_now() + std::chrono::milliseconds{200}));
  name_slot(2, 1);
  offer(3);
  name_slot(3, 3);
  EXPECT_EQ(taken_sequence(), 3U);
  EXPECT_EQ(malformed(), 1U);
  held->release();
  ASSERT_TRUE(memory::comes(peer_->descriptor()));
  EXPECT_EQ(std::get<Unmapped>(peer_->receive().value().message), (Unmapped{.id = 1}));
}

struct BadOffer {
  const char* name;
  const char* reason;
  std::uint64_t bytes;
  Descriptor (*make)(const std::filesystem::path& directory);
};
Descriptor memfd(std::size_t bytes, int seals) {
  Descriptor fd(::memfd_create("bad", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes)), 0);
  EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, seals), 0);
  return fd;
}
constexpr int kAllButGrow = F_SEAL_SHRINK | F_SEAL_WRITE | F_SEAL_SEAL;
constexpr int kAll = kAllButGrow | F_SEAL_GROW;
const std::array kBadOffers{
    BadOffer{"Unsealed", "not sealed", kSlotBytes, [](const auto&) { return memfd(kSlotBytes, 0); }},
    BadOffer{"NotSealedAgainstGrowth", "not sealed", kSlotBytes, [](const auto&) { return memfd(kSlotBytes, kAllButGrow); }},
    BadOffer{"TooSmall", "not of the size", 2 * kSlotBytes, [](const auto&) { return memfd(kSlotBytes, kAll); }},
    BadOffer{"TooLarge", "not of the size", kSlotBytes, [](const auto&) { return memfd(2 * kSlotBytes, kAll); }},
    BadOffer{"OfAnAbsurdSize", "not of the size", ~std::uint64_t{0}, [](const auto&) { return memfd(kSlotBytes, kAll); }},
    BadOffer{"AFile", "not a memfd", kSlotBytes,
             [](const auto& directory) {
               Descriptor fd(::open((directory / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
               EXPECT_EQ(::ftruncate(fd.get(), kSlotBytes), 0);
               return fd;
             }},
    BadOffer{"ADevice", "not a memfd", kSlotBytes,
             [](const auto&) { return Descriptor(::open("/dev/zero", O_RDWR | O_CLOEXEC)); }},
};
class BadSlot : public HostileSlotPublisher, public ::testing::WithParamInterface<BadOffer> {};
INSTANTIATE_TEST_SUITE_P(Offered, BadSlot, ::testing::ValuesIn(kBadOffers), [](const auto& of) { return of.param.name; });

TEST_P(BadSlot, IsRefusedAndTheStreamGoesOnInlineAndSaysWhy) {
  start();
  const Descriptor bad = GetParam().make(directory_.path());
  ASSERT_TRUE(peer_->send(SlotOffer{.id = 1, .bytes = GetParam().bytes}, bad.get()));
  const Id first = raw_.session;
  const wire::Hello hello = raw_.await_hello();
  EXPECT_EQ(hello.lane, LaneChoice::Inline);
  EXPECT_EQ(hello.replaces, first);
  EXPECT_THAT(hello.lane_reason, HasSubstr(GetParam().reason));
  welcome_on(Lane::Inline, hello);
  raw_.data(1, 1);
  EXPECT_EQ(taken_sequence(), 1U);
  EXPECT_EQ(subscriber_->status().lane, Lane::Inline);
  EXPECT_THAT(subscriber_->status().reason, HasSubstr(GetParam().reason));
  EXPECT_THAT(told(), HasSubstr(GetParam().reason));
}

TEST_P(BadSlot, IsRefusedAndWhoWantsSharedMemoryAloneSaysSo) {
  start({.lane = LaneChoice::SharedMemory});
  const Descriptor bad = GetParam().make(directory_.path());
  ASSERT_TRUE(peer_->send(SlotOffer{.id = 1, .bytes = GetParam().bytes}, bad.get()));
  const wire::Hello hello = raw_.await_hello();
  EXPECT_EQ(hello.lane, LaneChoice::SharedMemory);
  EXPECT_THAT(hello.lane_reason, HasSubstr(GetParam().reason));
  raw_.send({copy_of(raw_.encoder.refused(raw_.envelope(), {.reason = "no " + hello.lane_reason}))});
  EXPECT_EQ(subscriber_->take(kWatchdog).error(), TakeError::Refused);
  EXPECT_THAT(subscriber_->status().reason, HasSubstr(GetParam().reason));
}

TEST_F(HostileSlotPublisher, NonsenseOnTheHandOverEndsItAndTheStreamGoesOnInline) {
  const std::vector<Bytes> nonsense{memory::garbage(memory::kHandOverPacketBytes),
                                    memory::garbage(5),
                                    memory::with_version(memory::bytes_of(Retire{.id = 1}), 9),
                                    memory::bytes_of(Unmapped{.id = 1}),
                                    memory::bytes_of(Retire{.id = 77}),
                                    memory::bytes_of(SlotOffer{.id = 1, .bytes = kSlotBytes})};  // without its descriptor
  for (const Bytes& packet : nonsense) {
    start();
    ASSERT_TRUE(peer_->send(packet));
    const wire::Hello hello = raw_.await_hello();
    EXPECT_EQ(hello.lane, LaneChoice::Inline);
    EXPECT_THAT(hello.lane_reason, HasSubstr("hand-over"));
    welcome_on(Lane::Inline, hello);
    raw_.data(1, 1);
    EXPECT_EQ(taken_sequence(), 1U);
    EXPECT_EQ(malformed(), 1U) << told();
    subscriber_.reset();
    raw_.cut();
  }
}

TEST_F(HostileSlotPublisher, SamplesStayReadableWhenTheLaneChanges) {
  start();
  offer(1);
  memfd_.mapping.bytes()[0] = std::byte{42};
  name_slot(1, 1);
  const auto held = subscriber_->take(kWatchdog);
  ASSERT_TRUE(held.has_value());
  const Descriptor bad = memfd(kSlotBytes, 0);
  peer_->send(SlotOffer{.id = 2, .bytes = kSlotBytes}, bad.get());
  const wire::Hello hello = raw_.await_hello();
  EXPECT_EQ(hello.held, std::vector<std::uint64_t>{1});
  welcome_on(Lane::Inline, hello);
  raw_.data(1, 2);
  EXPECT_EQ(taken_sequence(), 2U);
  EXPECT_EQ(held->array().bytes()[0], std::byte{42});
}

}  // namespace
}  // namespace arraywire::transport::testing
