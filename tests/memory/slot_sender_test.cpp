// The publisher's end: each slot told once, a slow session costs nothing, a hostile one frees nothing.
#include "memory/slot_sender.hpp"

#include "memory/hand_over_fixture.hpp"
#include "memory/in_child.hpp"
#include "memory/mapped_slots.hpp"
#include "memory/pool_fixture.hpp"
#include "memory/process.hpp"

#include <sys/resource.h>

#include <cstring>
#include <string>

namespace arraywire::memory {
namespace {

using namespace arraywire::testing;
using Ids = std::vector<std::uint64_t>;

// A session with a subscriber, and a pool with a slot of a page for each id.
struct Session {
  Desk desk{};
  std::shared_ptr<Pool> pool = Pool::create(16 * kMiB);
  Id id = random_id();
  SlotReceiver receiver = desk.connect(id);
  std::unique_ptr<SlotSender> sender = desk.listener.claim(id);
  Ids returned{};

  std::uint64_t give(const Reference& slot) {
    const auto file = pool->hand_over(slot_in(slot));
    EXPECT_TRUE(sender->give(file));
    return file->id;
  }
  PeerState serve() { return sender->serve(returned); }
  OfferedSlot offered() {
    auto news = receiver.receive();
    if (!news || !std::holds_alternative<OfferedSlot>(*news)) throw std::runtime_error("no slot was offered");
    return std::get<OfferedSlot>(std::move(*news));
  }
  std::uint64_t retired() {
    auto news = receiver.receive();
    return news && std::holds_alternative<Retire>(*news) ? std::get<Retire>(*news).id : 0;
  }
};

// The same, with a subscriber that does what the test wants, and little room on the way to it.
struct NarrowSession {
  std::shared_ptr<PollSet> polled = std::make_shared<PollSet>();
  std::pair<HandOverSocket, Descriptor> ends = narrow_pair();
  SlotSender sender{std::move(ends.first), own_process(), polled, 7};
  RawPeer peer{std::move(ends.second)};
  std::shared_ptr<Pool> pool = Pool::create(16 * kMiB);
  std::vector<Reference> slots{};
  Ids returned{};

  std::uint64_t give() {
    slots.push_back(take(*pool, 1));
    EXPECT_TRUE(sender.give(pool->hand_over(slot_in(slots.back()))));
    return slot_in(slots.back()).id();
  }
  bool due() {
    std::array<std::uint64_t, 4> keys{};
    const std::size_t count = polled->ready(keys);
    EXPECT_TRUE(count == 0 || keys[0] == 7);
    return count > 0;
  }
  // What waits at the peer, whose descriptors are closed.
  std::vector<HandOverMessage> heard() {
    std::vector<HandOverMessage> all;
    for (;;) {
      auto packet = peer.receive();
      if (!packet) return all;
      all.push_back(packet->message);
    }
  }
};

TEST(SlotSender, HandsTheSameMemoryOver) {
  Session session;
  const Reference slot = take(*session.pool, kMiB);
  const std::uint64_t id = session.give(slot);
  EXPECT_TRUE(session.sender->has(id));
  OfferedSlot offered = session.offered();
  EXPECT_EQ(offered.id, id);
  EXPECT_EQ(offered.bytes, slot_in(slot).bytes().size());
  const auto mapping = check_and_map(std::move(offered));
  ASSERT_TRUE(mapping);
  std::memset(slot_in(slot).bytes().data(), 0x42, slot_in(slot).bytes().size());
  EXPECT_EQ(mapping->bytes().front(), std::byte{0x42});
  EXPECT_EQ(mapping->bytes().back(), std::byte{0x42});
}

TEST(SlotSender, HandsEachSlotOverOnce) {
  Session session;
  const Reference slot = take(*session.pool, 1);
  session.give(slot);
  EXPECT_FALSE(session.sender->give(slot_in(slot).file()));
  session.offered();
  EXPECT_EQ(session.receiver.receive().error(), HandOverError::Nothing);
}

TEST(SlotSender, ARetiredSlotComesBackWhenTheSubscriberHasUnmappedIt) {
  Session session;
  const std::uint64_t id = session.give(take(*session.pool, 1));
  session.offered();
  EXPECT_FALSE(session.receiver.unmapped(id)) << "nobody asked for it";
  EXPECT_FALSE(session.sender->retire(id));
  EXPECT_FALSE(session.sender->has(id)) << "no Data may name it any more";
  EXPECT_EQ(session.retired(), id);
  EXPECT_EQ(session.sender->slots(), Ids{id});
  EXPECT_TRUE(session.receiver.unmapped(id));
  EXPECT_FALSE(session.receiver.unmapped(id));
  EXPECT_TRUE(comes(session.desk.listener.descriptor()));
  EXPECT_EQ(session.desk.serve(), Ids{session.sender->key()});
  EXPECT_EQ(session.serve(), PeerState::Open);
  EXPECT_EQ(session.returned, Ids{id});
  EXPECT_TRUE(session.sender->slots().empty());
  EXPECT_EQ(session.receiver.slots(), 0u);
  EXPECT_FALSE(is_readable(session.desk.listener.descriptor()));
}

TEST(SlotSender, ASlotThatItNeverHadIsNotRetired) {
  Session session;
  EXPECT_FALSE(session.sender->retire(99));
  EXPECT_FALSE(session.sender->has(99));
  EXPECT_EQ(session.receiver.receive().error(), HandOverError::Nothing);
}

TEST(SlotSender, WhenTheSubscriberDoesNotReadSlotsWaitAndFollowInOrder) {
  NarrowSession session;
  EXPECT_FALSE(session.due());
  Ids ids;
  while (session.sender.waiting() < 3) ids.push_back(session.give());
  const std::size_t told = ids.size() - 3;
  EXPECT_GT(told, 0u);
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(session.sender.has(ids[i]), i < told);
  EXPECT_FALSE(session.due()) << "nothing can be done until it reads";
  std::vector<HandOverMessage> heard = session.heard();
  EXPECT_EQ(heard.size(), told);
  while (session.due() && session.sender.waiting() > 0) {
    EXPECT_EQ(session.sender.serve(session.returned), PeerState::Open);
    for (const HandOverMessage& message : session.heard()) heard.push_back(message);
  }
  EXPECT_EQ(session.sender.waiting(), 0u);
  ASSERT_EQ(heard.size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(std::get<SlotOffer>(heard[i]).id, ids[i]);
  EXPECT_TRUE(session.sender.has(ids.back()));
}

TEST(SlotSender, ASlotRetiredWhileItWaitedIsNeverHeardOf) {
  NarrowSession session;
  while (session.sender.waiting() < 2) session.give();
  const Ids before = session.sender.slots();
  const std::uint64_t first = before[before.size() - 2], last = before.back();
  EXPECT_TRUE(session.sender.retire(last)) << "comes back at once";
  EXPECT_FALSE(session.sender.retire(last));
  EXPECT_FALSE(session.sender.retire(before.front())) << "the session has that one";
  session.heard();
  session.sender.serve(session.returned);
  Ids offered, retired;
  for (const HandOverMessage& message : session.heard()) {
    if (const auto* offer = std::get_if<SlotOffer>(&message)) offered.push_back(offer->id);
    if (const auto* retire = std::get_if<Retire>(&message)) retired.push_back(retire->id);
  }
  EXPECT_EQ(offered, Ids{first});
  EXPECT_EQ(retired, Ids{before.front()});
}

TEST(SlotSender, KnowsWhatToTakeBackWhenTheSessionEnds) {
  NarrowSession session;
  while (session.sender.waiting() < 2) session.give();
  const Ids given = session.sender.slots();
  EXPECT_EQ(given.size(), session.slots.size());
  for (Reference& slot : session.slots) slot = {};
  for (int i = 0; i < 70; ++i) take(*session.pool, kMiB);
  EXPECT_TRUE(is_readable(session.pool->retired_descriptor()));
  EXPECT_GT(session.pool->bytes(), kMiB);
  for (const std::uint64_t id : given) session.pool->unmapped(id);
  EXPECT_EQ(session.pool->bytes(), kMiB);
  Ids retired;
  session.pool->collect_retired(retired);
  EXPECT_FALSE(is_readable(session.pool->retired_descriptor()));
}

TEST(SlotSender, FindsOutThatTheSubscriberIsGoneWhenItHasSomethingToSay) {
  NarrowSession session;
  session.peer = RawPeer(Descriptor());
  const std::uint64_t id = session.give();
  EXPECT_EQ(session.sender.state(), PeerState::Ended);
  EXPECT_FALSE(session.sender.has(id));
  EXPECT_EQ(session.sender.slots(), Ids{id}) << "to be taken back";
}

// Fault matrix, row 20, of this socket.
TEST(SlotSender, AnUnmappedThatNobodyAskedForIsCountedAndFreesNothing) {
  NarrowSession session;
  const std::uint64_t id = session.give();
  for (const std::uint64_t wrong : {id, id + 1, ~std::uint64_t{0}}) session.peer.send(Unmapped{.id = wrong});
  EXPECT_EQ(session.sender.serve(session.returned), PeerState::Open);
  EXPECT_TRUE(session.returned.empty());
  EXPECT_EQ(session.sender.ignored(), 3u);
  EXPECT_TRUE(session.sender.has(id));
  session.sender.retire(id);
  session.peer.send(Unmapped{.id = id});
  session.peer.send(Unmapped{.id = id});
  EXPECT_EQ(session.sender.serve(session.returned), PeerState::Open);
  EXPECT_EQ(session.returned, Ids{id});
  EXPECT_EQ(session.sender.ignored(), 4u);
}

TEST(SlotSender, ASubscriberThatSaysWhatItMustNotIsBroken) {
  const Descriptor process = own_process();
  struct Said {
    Bytes bytes;
    std::vector<int> descriptors;
    HandOverError error;
  };
  const std::vector<Said> all{
      {garbage(24), {}, HandOverError::Malformed},
      {garbage(3), {}, HandOverError::WrongSize},
      {garbage(60'000), {}, HandOverError::WrongSize},
      {with_version(bytes_of(Unmapped{.id = 1}), 9), {}, HandOverError::OtherVersion},
      {bytes_of(Unmapped{.id = 1}), {process.get()}, HandOverError::Descriptors},
      {bytes_of(Unmapped{.id = 1}), std::vector<int>(16, process.get()), HandOverError::Descriptors},
      {bytes_of(Greeting{.session = random_id()}), {process.get()}, HandOverError::Unexpected},
      {bytes_of(SlotOffer{.id = 1, .bytes = 1}), {process.get()}, HandOverError::Unexpected},
      {bytes_of(Retire{.id = 1}), {}, HandOverError::Unexpected},
  };
  for (const Said& said : all) {
    NarrowSession session;
    const std::size_t before = open_descriptors();
    ASSERT_TRUE(session.peer.send(said.bytes, said.descriptors));
    EXPECT_TRUE(session.due());
    EXPECT_EQ(session.sender.serve(session.returned), PeerState::Broken);
    EXPECT_EQ(session.sender.broken_by(), said.error);
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_EQ(session.sender.serve(session.returned), PeerState::Broken) << "for good";
  }
}

TEST(SlotSender, ASessionHasSoManySlotsAndNoMore) {
  NarrowSession session;
  for (std::uint64_t id = 1; id <= kMaxSessionSlots; ++id)  // they wait behind the first, which no descriptor can be sent of
    ASSERT_TRUE(session.sender.give(std::make_shared<const SlotFile>(SlotFile{.id = id, .bytes = 4096})));
  EXPECT_FALSE(session.sender.give(std::make_shared<const SlotFile>(SlotFile{.id = 0xFFFF'FFFF, .bytes = 4096})));
  EXPECT_EQ(session.sender.slots().size(), kMaxSessionSlots);
}

// A user may have only so many descriptors on their way, and the socket has room all the while.
TEST(SlotSender, WithTooManyDescriptorsOnTheirWayItTriesAgainWhenToldToAndDoesNotSpin) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  EXPECT_EQ(in_child([]() -> std::string {
              if (::geteuid() == 0 && ::setuid(65534) != 0) return "setuid";  // root is not limited so
              const auto pool = Pool::create(16 * kMiB);
              const Reference slot = take(*pool, 1);
              Desk desk;
              const Id id = random_id();
              SlotReceiver receiver = desk.connect(id);
              const auto sender = desk.listener.claim(id);
              std::vector<std::shared_ptr<const SlotFile>> files;
              for (std::uint64_t i = 1; i <= 60; ++i)
                files.push_back(std::make_shared<const SlotFile>(
                    SlotFile{.id = i, .bytes = 4096, .descriptor = Descriptor(::dup(slot_in(slot).descriptor()))}));
              rlimit many{};
              ::getrlimit(RLIMIT_NOFILE, &many);
              const rlimit few{.rlim_cur = 20, .rlim_max = many.rlim_max};
              ::setrlimit(RLIMIT_NOFILE, &few);
              for (const auto& file : files) sender->give(file);
              const std::size_t waiting = sender->waiting();
              if (waiting == 0) return "was not limited";
              if (sender->flush() != PeerState::Open || sender->waiting() != waiting) return "ended, or went on";
              if (is_readable(desk.listener.descriptor())) return "spins";
              ::setrlimit(RLIMIT_NOFILE, &many);
              sender->flush();
              std::size_t received = 0;
              while (receiver.receive()) ++received;
              return sender->waiting() == 0 && received == files.size() ? "well" : "not all came";
            }),
            "well");
}

}  // namespace
}  // namespace arraywire::memory
