// A publisher among subscribers that say anything on its hand-over socket: such a session ends, and no other one notices.
#include "arraywire/arraywire.hpp"
#include "memory/hand_over_fixture.hpp"
#include "memory/in_child.hpp"
#include "memory/process.hpp"
#include "transport/raw_peers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace arraywire::transport::testing {
namespace {

using memory::Greeting;
using memory::Unmapped;
using std::chrono::seconds;
using ::testing::AnyOf;
using ::testing::HasSubstr;

class HostileSlotReader : public ::testing::Test {
 protected:
  // A session whose hand-over and messages the test says itself.
  struct Reader : RawConsumer {
    Reader(const std::string& endpoint, const std::filesystem::path& slots) : RawConsumer(endpoint), peer(slots) {}
    wire::Welcome join_with(int process, wire::Hello message = {.queue = 4, .hold = 4}) {
      session = random_id();
      peer.send(Greeting{.session = session}, process);
      hello(std::move(message));
      await(wire::Kind::Welcome);
      wire::Welcome welcome;
      if (!decoder.welcome(welcome)) throw std::runtime_error("a Welcome that does not decode");
      return welcome;
    }
    wire::Welcome join() { return join_with(memory::own_process().get()); }
    memory::RawPeer peer;
  };

  std::filesystem::path slots_socket() const { return directory_.path() / "target" / "slots.sock"; }
  Reader reader() const { return {publisher_.endpoints().front(), slots_socket()}; }
  Published publish() {
    Loan loan = publisher_.loan({.dtype = DType::UInt8, .shape = {8}}, seconds{10}).value();
    return publisher_.publish(std::move(loan)).value();
  }
  std::uint64_t dropped() const { return publisher_.statistics().dropped_peer_messages; }
  std::uint32_t leased(std::string_view name) const {
    std::uint32_t sum = 0;
    for (const ConsumerStatistics& consumer : publisher_.statistics().consumers) {
      if (consumer.name.starts_with(name)) sum += consumer.leased;
    }
    return sum;
  }

  ScratchDirectory directory_;
  Context context_{{.runtime_directory = directory_.path()}};
  Publisher publisher_{context_, "target"};
};

TEST_F(HostileSlotReader, NonsenseOnTheHandOverEndsItsSessionAndNobodyElses) {
  Subscriber other(context_, "target", {.name = "other"});
  ASSERT_TRUE(publisher_.wait_for_subscribers(1, kWatchdog));
  const memory::Descriptor process = memory::own_process();
  struct Nonsense {
    Bytes packet;
    bool with_descriptor;
  };
  const std::vector<Nonsense> all{{memory::garbage(memory::kHandOverPacketBytes), false},
                                  {memory::garbage(5), false},
                                  {memory::garbage(4000), true},
                                  {memory::with_version(memory::bytes_of(Unmapped{.id = 1}), 9), false},
                                  {memory::bytes_of(Greeting{.session = {1, 2}}), true},
                                  {memory::bytes_of(memory::Retire{.id = 1}), false},
                                  {memory::bytes_of(Unmapped{.id = 1}), true}};
  std::uint64_t count = 0;
  for (const Nonsense& nonsense : all) {
    Reader raw = reader();
    ASSERT_EQ(raw.join().lane, Lane::SharedMemory);
    const std::uint64_t sequence = publish().sequence;
    EXPECT_EQ(raw.await_data().stamp.sequence, sequence);
    EXPECT_EQ(leased("a consumer"), 1U);
    ASSERT_TRUE(nonsense.with_descriptor ? raw.peer.send(nonsense.packet, std::array{process.get()})
                                         : raw.peer.send(nonsense.packet));
    ++count;
    ASSERT_TRUE(eventually([&] { return dropped() == count; })) << count;
    EXPECT_EQ(leased("a consumer"), 0U);
    EXPECT_TRUE(eventually([&] { return raw.peer.hung_up(); }));
    const auto sample = other.take(kWatchdog);
    ASSERT_TRUE(sample.has_value());
    EXPECT_EQ(sample->info().sequence, sequence);
    EXPECT_EQ(sample->lane(), Lane::SharedMemory);
  }
  EXPECT_EQ(other.statistics().missed + other.statistics().malformed, 0U);
  EXPECT_TRUE(publisher_.wait_for_subscribers(1, {}));
  EXPECT_FALSE(publisher_.wait_for_subscribers(2, {}));
}

TEST_F(HostileSlotReader, AReturnOfWhatIsNotOutstandingFreesNoSlot) {
  Reader raw = reader();
  ASSERT_EQ(raw.join().lane, Lane::SharedMemory);
  publish();
  publish();
  EXPECT_NE(raw.await_data().stamp.slot, raw.await_data().stamp.slot);
  raw.returns({.taken_through = 1, .released = {0, 3, 99, ~std::uint64_t{0}}, .rejected = {17}});
  EXPECT_TRUE(eventually([&] { return dropped() == 1; })) << "one message, however much is wrong in it";
  EXPECT_EQ(leased("a consumer"), 2U);
  raw.returns({.taken_through = 2, .released = {2}});
  raw.returns({.taken_through = 2, .released = {2}});
  EXPECT_TRUE(eventually([&] { return dropped() == 2; })) << "already returned";
  EXPECT_EQ(leased("a consumer"), 1U);
}

TEST_F(HostileSlotReader, UnmappingWhatItWasNotToldToUnmapGivesNothingBack) {
  Reader raw = reader();
  ASSERT_EQ(raw.join().lane, Lane::SharedMemory);
  publish();
  const std::uint64_t slot = raw.await_data().stamp.slot;
  for (const std::uint64_t id : {slot, slot, slot + 1, ~std::uint64_t{0}}) raw.peer.send(Unmapped{.id = id});
  const auto before = publisher_.statistics();
  publish();
  EXPECT_NE(raw.await_data().stamp.slot, slot) << "that one is leased still";
  EXPECT_EQ(leased("a consumer"), 2U);
  EXPECT_GE(publisher_.statistics().pool_bytes, before.pool_bytes);
  raw.returns({.taken_through = 2, .released = {1, 2}});
  EXPECT_TRUE(eventually([&] { return leased("a consumer") == 0; }));
  EXPECT_EQ(dropped(), 0U);
}

TEST_F(HostileSlotReader, WithoutAProcessItIsServedInlineOrRefused) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const memory::Descriptor reading(pipe[0]), writing(pipe[1]);
  Reader raw = reader();
  const wire::Welcome welcome = raw.join_with(reading.get());
  EXPECT_EQ(welcome.lane, Lane::Inline);
  EXPECT_THAT(welcome.lane_reason, HasSubstr("hand-over socket"));
  publish();
  EXPECT_EQ(raw.await_data().stamp.slot, 0U);
  RawConsumer strict(publisher_.endpoints().front());
  strict.session = random_id();
  strict.hello({.queue = 4, .hold = 4, .lane = LaneChoice::SharedMemory});
  strict.await(wire::Kind::Refused);
  wire::Refused refused;
  ASSERT_TRUE(strict.decoder.refused(refused));
  EXPECT_THAT(refused.reason, HasSubstr("shared memory was asked for"));
}

// Fault matrix, row 28: nobody else reaches the socket; and if the way to it is opened, nobody else is listened to.
TEST_F(HostileSlotReader, OfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be another user";
  const Id session = random_id();
  const auto as_nobody = [&] {
    return arraywire::testing::in_child([&]() -> std::string {
      if (::setresuid(65'534, 65'534, 65'534) != 0) return "setresuid";
      const auto polled = std::make_shared<memory::PollSet>();
      auto receiver = memory::SlotReceiver::connect(slots_socket(), session, polled, 1);
      if (!receiver) return memory::describe(receiver.error());
      if (!memory::comes(polled->descriptor())) return "kept waiting";
      const auto news = receiver->receive();
      return news ? "served" : std::string(memory::describe(news.error()));
    });
  };
  EXPECT_THAT(as_nobody(), HasSubstr("Permission denied"));
  struct stat status {};
  ASSERT_EQ(::stat(slots_socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  for (const auto& path : {directory_.path(), directory_.path() / "target"}) ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  EXPECT_THAT(as_nobody(), HasSubstr("Permission denied"));
  ASSERT_EQ(::chmod(slots_socket().c_str(), 0666), 0);
  EXPECT_THAT(as_nobody(), AnyOf(HasSubstr("Connection reset"), HasSubstr("connection ended")));
  Reader raw = reader();
  EXPECT_EQ(raw.join().lane, Lane::SharedMemory) << "the owner still is";
}

}  // namespace
}  // namespace arraywire::transport::testing
