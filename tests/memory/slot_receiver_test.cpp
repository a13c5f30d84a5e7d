// The subscriber's end: connecting without waiting, and a publisher that does not keep to the rules.
#include "memory/slot_receiver.hpp"

#include "memory/hand_over_fixture.hpp"
#include "memory/in_child.hpp"
#include "memory/process.hpp"
#include "memory/slot_sender.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <fstream>
#include <string>

namespace arraywire::memory {
namespace {

using namespace arraywire::testing;

// A subscriber at a publisher that does what the test wants.
struct Guest {
  ScratchDirectory scratch{};
  std::filesystem::path path = scratch.path() / "slots.sock";
  RawListener listener{path};
  std::shared_ptr<PollSet> polled = std::make_shared<PollSet>();
  Id session = random_id();
  SlotReceiver receiver = std::move(*SlotReceiver::connect(path, session, polled, 3));
  RawPeer publisher = listener.accept();
  Descriptor something{::open("/dev/null", O_RDONLY | O_CLOEXEC)};

  bool due() const {
    std::array<std::uint64_t, 4> keys{};
    return polled->ready(keys) == 1 && keys[0] == 3;
  }
  void offer(std::uint64_t id) const { publisher.send(SlotOffer{.id = id, .bytes = 4096}, something.get()); }
};

TEST(SlotReceiver, GreetsWithItsSessionAndItsOwnProcess) {
  const Guest guest;
  auto packet = guest.publisher.receive();
  ASSERT_TRUE(packet);
  EXPECT_EQ(std::get<Greeting>(packet->message).session, guest.session);
  ASSERT_TRUE(is_process(packet->descriptor.get()));
  EXPECT_FALSE(has_ended(packet->descriptor.get()));
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(packet->descriptor.get()));
  std::string pid;
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("Pid:")) pid = line.substr(4);
  EXPECT_EQ(std::stoi(pid), ::getpid());
  EXPECT_EQ(::fcntl(packet->descriptor.get(), F_GETFD), FD_CLOEXEC);
}

TEST(SlotReceiver, SaysWhatItCouldNotConnectTo) {
  const ScratchDirectory scratch;
  const auto polled = std::make_shared<PollSet>();
  const std::size_t before = open_descriptors();
  const auto failure = [&](const std::filesystem::path& path) {
    const auto connected = SlotReceiver::connect(path, random_id(), polled, 1);
    return connected ? "connected" : describe(connected.error());
  };
  const auto path = scratch.path() / "slots.sock";
  EXPECT_EQ(failure(path), "hand-over: connect: No such file or directory");
  EXPECT_EQ(failure(scratch.path() / std::string(108, 'x')), "hand-over: the socket's path: File name too long");
  { const RawListener gone(path); }
  EXPECT_EQ(failure(path), "hand-over: connect: Connection refused");
  EXPECT_EQ(open_descriptors(), before);
}

TEST(SlotReceiver, DoesNotWaitForABusyPublisher) {
  const ScratchDirectory scratch;
  const RawListener listener(scratch.path() / "slots.sock", 0);
  const auto polled = std::make_shared<PollSet>();
  std::vector<SlotReceiver> waiting;
  for (int i = 0; i < 10; ++i) {
    auto connected = SlotReceiver::connect(scratch.path() / "slots.sock", random_id(), polled, 1);
    if (connected) {
      waiting.push_back(std::move(*connected));
      continue;
    }
    EXPECT_TRUE(connected.error().busy);
    EXPECT_EQ(connected.error().error, EAGAIN);
    return;
  }
  FAIL() << "ten fit into a backlog of none";
}

TEST(SlotReceiver, TellsWhatThePublisherSaidInOrder) {
  Guest guest;
  EXPECT_EQ(guest.receiver.receive().error(), HandOverError::Nothing);
  EXPECT_FALSE(guest.due());
  guest.offer(5);
  guest.offer(9);
  guest.publisher.send(Retire{.id = 5});
  EXPECT_TRUE(guest.due());
  EXPECT_EQ(std::get<OfferedSlot>(*guest.receiver.receive()).id, 5u);
  const auto second = guest.receiver.receive();
  EXPECT_EQ(std::get<OfferedSlot>(*second).id, 9u);
  EXPECT_EQ(std::get<OfferedSlot>(*second).bytes, 4096u);
  EXPECT_EQ(::fcntl(std::get<OfferedSlot>(*second).descriptor.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(std::get<Retire>(*guest.receiver.receive()).id, 5u);
  EXPECT_EQ(guest.receiver.receive().error(), HandOverError::Nothing);
  EXPECT_EQ(guest.receiver.slots(), 2u);
}

TEST(SlotReceiver, RefusesWhatAPublisherMustNotSay) {
  struct Said {
    const char* name;
    Bytes bytes;
    int descriptors;
    HandOverError error;
  };
  const Bytes offer = bytes_of(SlotOffer{.id = 8, .bytes = 4096});
  const std::vector<Said> all{
      {"garbage", garbage(24), 0, HandOverError::Malformed},
      {"garbage with a descriptor", garbage(24), 1, HandOverError::Malformed},
      {"nothing but a descriptor", garbage(1), 1, HandOverError::WrongSize},
      {"a short one", Bytes(offer.begin(), offer.end() - 1), 1, HandOverError::WrongSize},
      {"a giant", garbage(100'000), 1, HandOverError::WrongSize},
      {"a newer one", with_version(offer, 2), 1, HandOverError::OtherVersion},
      {"a slot without memory", offer, 0, HandOverError::Descriptors},
      {"a slot with two", offer, 2, HandOverError::Descriptors},
      {"a slot with three", offer, 3, HandOverError::Descriptors},
      {"a slot with sixteen", offer, 16, HandOverError::Descriptors},
      {"slot 0", bytes_of(SlotOffer{.id = 0, .bytes = 4096}), 1, HandOverError::Malformed},
      {"a slot of 0 bytes", bytes_of(SlotOffer{.id = 8, .bytes = 0}), 1, HandOverError::Malformed},
      {"a slot that is there", bytes_of(SlotOffer{.id = 1, .bytes = 4096}), 1, HandOverError::KnownSlot},
      {"a slot that is retired", bytes_of(SlotOffer{.id = 2, .bytes = 4096}), 1, HandOverError::KnownSlot},
      {"the end of no slot", bytes_of(Retire{.id = 8}), 0, HandOverError::UnknownSlot},
      {"the end of a retired slot", bytes_of(Retire{.id = 2}), 0, HandOverError::UnknownSlot},
      {"an end with a descriptor", bytes_of(Retire{.id = 1}), 1, HandOverError::Descriptors},
      {"a greeting", bytes_of(Greeting{.session = random_id()}), 1, HandOverError::Unexpected},
      {"an unmapping", bytes_of(Unmapped{.id = 1}), 0, HandOverError::Unexpected},
  };
  for (const Said& said : all) {
    Guest guest;
    guest.offer(1);
    guest.offer(2);
    guest.publisher.send(Retire{.id = 2});
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(guest.receiver.receive());
    const std::size_t before = open_descriptors();
    const std::vector<int> attached(static_cast<std::size_t>(said.descriptors), guest.something.get());
    ASSERT_TRUE(guest.publisher.send(said.bytes, attached)) << said.name;
    const auto news = guest.receiver.receive();
    ASSERT_FALSE(news) << said.name;
    EXPECT_EQ(news.error(), said.error) << said.name;
    EXPECT_EQ(open_descriptors(), before) << said.name;
  }
}

TEST(SlotReceiver, OffersARingAfterItsGreeting) {
  Guest guest;
  ASSERT_TRUE(guest.publisher.receive());
  auto packet = guest.publisher.receive();
  ASSERT_TRUE(packet);
  EXPECT_EQ(std::get<RingOffer>(packet->message).bytes, RingFormat::kBytes);
  Mapping mapping;
  EXPECT_TRUE(Rings::map(std::move(packet->descriptor), mapping));
}

TEST(SlotReceiver, OpensTheRingsThatWereOfferedAndKeepsWhatComesAfterThem) {
  Guest guest;
  const auto memory = std::move(*Rings::create_memory());
  const auto bell = Rings::create_bell();
  guest.publisher.send(RingOffer{.bytes = RingFormat::kBytes}, memory.descriptor.get());
  guest.publisher.send(BellOffer{}, bell.theirs.get());
  guest.offer(1);
  auto rings = guest.receiver.open_rings(std::make_shared<PollSet>());
  ASSERT_TRUE(rings);
  EXPECT_NE(*rings, nullptr);
  const auto news = guest.receiver.receive();
  ASSERT_TRUE(news);
  EXPECT_EQ(std::get<OfferedSlot>(*news).id, 1U);
}

TEST(SlotReceiver, DoesWithoutRingsThatWereNotOfferedOrNotInFull) {
  Guest without;
  without.offer(1);
  auto none = without.receiver.open_rings(std::make_shared<PollSet>());
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, nullptr);
  Guest half;
  const auto memory = std::move(*Rings::create_memory());
  half.publisher.send(RingOffer{.bytes = RingFormat::kBytes}, memory.descriptor.get());
  half.offer(1);
  none = half.receiver.open_rings(std::make_shared<PollSet>());
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, nullptr);
  EXPECT_TRUE(half.receiver.receive());
}

TEST(SlotReceiver, RefusesRingsThatAreNone) {
  const auto memory = std::move(*Rings::create_memory());
  const auto bell = Rings::create_bell();
  const RingOffer ring{.bytes = RingFormat::kBytes};
  const auto opened = [&](const std::vector<std::pair<HandOverMessage, int>>& packets) {
    Guest guest;
    for (const auto& [message, descriptor] : packets) guest.publisher.send(message, descriptor);
    HandOverError error = HandOverError::Nothing;
    for (std::size_t i = 0; i < packets.size() && error == HandOverError::Nothing; ++i) {
      if (const auto news = guest.receiver.receive(); !news) error = news.error();
    }
    return error;
  };
  EXPECT_EQ(opened({{ring, bell.ours.get()}}), HandOverError::BadRings);
  EXPECT_EQ(opened({{BellOffer{}, bell.ours.get()}}), HandOverError::Unexpected);
  EXPECT_EQ(opened({{ring, memory.descriptor.get()}, {BellOffer{}, memory.descriptor.get()}}), HandOverError::BadRings);
  EXPECT_EQ(opened({{ring, memory.descriptor.get()}, {ring, memory.descriptor.get()}}), HandOverError::Unexpected);
  EXPECT_EQ(opened({{ring, memory.descriptor.get()}, {BellOffer{}, bell.ours.get()}, {BellOffer{}, bell.ours.get()}}),
            HandOverError::Unexpected);
}

TEST(SlotReceiver, TakesSoManySlotsAndNoMore) {
  Guest guest;
  for (std::uint64_t id = 1; id <= kMaxSessionSlots; ++id) {
    guest.offer(id);
    ASSERT_TRUE(guest.receiver.receive()) << id;
  }
  guest.offer(kMaxSessionSlots + 1);
  EXPECT_EQ(guest.receiver.receive().error(), HandOverError::TooManySlots);
  EXPECT_EQ(guest.receiver.slots(), kMaxSessionSlots);
}

TEST(SlotReceiver, HearsThatThePublisherIsGoneAfterWhatItSaid) {
  Guest guest;
  guest.offer(1);
  EXPECT_TRUE(guest.publisher.receive() && guest.publisher.receive());  // else it ends in a reset
  guest.publisher = RawPeer(Descriptor());
  EXPECT_TRUE(guest.due());
  EXPECT_TRUE(guest.receiver.receive());
  EXPECT_EQ(guest.receiver.receive().error(), HandOverError::Ended);
  EXPECT_FALSE(guest.receiver.flush() && guest.receiver.unmapped(1)) << "not retired";
}

TEST(SlotReceiver, WhenThePublisherDoesNotReadUnmappingsWaitAndFollow) {
  Guest guest;
  EXPECT_TRUE(guest.publisher.receive() && guest.publisher.receive());  // the greeting, the ring
  constexpr std::uint64_t kSlots = 1000;                                // more than the socket holds
  for (std::uint64_t id = 1; id <= kSlots; ++id) {
    guest.offer(id);
    guest.publisher.send(Retire{.id = id});
    ASSERT_TRUE(guest.receiver.receive() && guest.receiver.receive());
    EXPECT_TRUE(guest.receiver.unmapped(id));
  }
  ASSERT_GT(guest.receiver.waiting(), 0u) << "the socket took all of them";
  EXPECT_EQ(guest.receiver.slots(), guest.receiver.waiting());
  EXPECT_FALSE(guest.due()) << "nothing can be done until it reads";
  std::uint64_t heard = 0;
  while (heard < kSlots) {
    auto packet = guest.publisher.receive();
    if (packet) {
      EXPECT_EQ(std::get<Unmapped>(packet->message).id, ++heard);
    } else {
      ASSERT_TRUE(guest.due());
      ASSERT_TRUE(guest.receiver.flush());
    }
  }
  EXPECT_EQ(guest.receiver.slots() + guest.receiver.waiting(), 0u);
  EXPECT_FALSE(guest.due());
}

TEST(SlotReceiver, WithoutADescriptorLeftItSaysSo) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  EXPECT_EQ(in_child([]() -> std::string {
              Guest guest;
              guest.offer(1);
              const Descriptor probe(::dup(0));
              const rlimit limit{.rlim_cur = static_cast<rlim_t>(probe.get()), .rlim_max = 4096};
              ::setrlimit(RLIMIT_NOFILE, &limit);
              const auto connected = SlotReceiver::connect(guest.path, random_id(), guest.polled, 1);
              const std::string said = connected ? "connected" : describe(connected.error());
              return said + "; " + std::string(describe(guest.receiver.receive().error()));
            }),
            "hand-over: socket: Too many open files; no room for another descriptor: raise RLIMIT_NOFILE");
}

}  // namespace
}  // namespace arraywire::memory
