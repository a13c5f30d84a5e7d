// Subscribers in processes of their own: killed, stopped, forked, replaced, in other namespaces.
#include "memory/hand_over_fixture.hpp"
#include "memory/in_child.hpp"
#include "memory/mapped_slots.hpp"
#include "memory/pool_fixture.hpp"
#include "memory/process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>

#include <chrono>
#include <cstring>
#include <string>
#include <thread>

namespace arraywire::memory {
namespace {

using namespace arraywire::testing;
using Ids = std::vector<std::uint64_t>;

// The publisher of a subscriber that is another process.
struct Publisher {
  Desk desk{};
  std::shared_ptr<Pool> pool = Pool::create(16 * kMiB);
  Id session = random_id();
  std::unique_ptr<SlotSender> sender{};
  Ids unmapped{};

  // In the child, whose poll set has to be its own.
  SlotReceiver subscribe() {
    desk.polled = std::make_shared<PollSet>();
    return desk.connect(session);
  }
  bool claim() {
    while (!sender && comes(desk.listener.descriptor())) sender = desk.listener.claim(session);
    return sender != nullptr;
  }
  // Waits for it to say something, or to die.
  // Until it says something of slots, or is gone; its ring may come late.
  PeerState hear() {
    while (comes(desk.listener.descriptor())) {
      for (const std::uint64_t key : desk.serve()) {
        if (key != sender->key()) continue;
        if (sender->serve(unmapped) != PeerState::Open || !unmapped.empty()) return sender->state();
      }
    }
    ADD_FAILURE() << "nothing came";
    return PeerState::Open;
  }
};

TEST(HandOverProcesses, AKilledSubscriberIsSeenAndItsSlotsComeBack) {
  Publisher publisher;
  ChildProcess child([&] {
    static const SlotReceiver receiver = publisher.subscribe();  // static: it lives while the process stays
    return true;
  });
  ASSERT_TRUE(publisher.claim());
  const Reference slot = take(*publisher.pool, 1);
  publisher.sender->give(publisher.pool->hand_over(slot_in(slot)));
  EXPECT_EQ(publisher.sender->serve(publisher.unmapped), PeerState::Open);
  child.signal(SIGKILL);
  EXPECT_EQ(publisher.hear(), PeerState::Ended);
  EXPECT_EQ(publisher.sender->slots(), Ids{slot_in(slot).id()});
}

// Fault matrix, row 8: the child that it forked has the socket, and lives.
TEST(HandOverProcesses, AForkedChildThatHoldsTheConnectionDoesNotHideItsParentsDeath) {
  Publisher publisher;
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const Descriptor told(pipe[0]);
  Descriptor telling(pipe[1]);
  ChildProcess child([&] {
    static SlotReceiver receiver = publisher.subscribe();
    const pid_t grandchild = ::fork();
    if (grandchild == 0) {
      for (;;) ::pause();
    }
    return ::write(telling.get(), &grandchild, sizeof grandchild) == sizeof grandchild;
  });
  telling = Descriptor();
  pid_t grandchild = 0;
  ASSERT_EQ(::read(told.get(), &grandchild, sizeof grandchild), static_cast<ssize_t>(sizeof grandchild));
  ASSERT_TRUE(publisher.claim());
  EXPECT_EQ(publisher.sender->serve(publisher.unmapped), PeerState::Open);
  child.signal(SIGKILL);
  EXPECT_EQ(publisher.hear(), PeerState::Ended);
  EXPECT_EQ(::kill(grandchild, 0), 0) << "the grandchild was to hold the connection meanwhile";
  EXPECT_FALSE(is_readable(told.get())) << "and so was its copy of the pipe";
  ::kill(grandchild, SIGKILL);
}

// A forked child that ends, and destroys what it has copies of, takes nothing from its parent.
TEST(HandOverProcesses, AForkedChildsCopiesEndNothingAndSayNothing) {
  Desk desk;
  const Id session = random_id();
  SlotReceiver receiver = desk.connect(session);
  auto sender = desk.listener.claim(session);
  ASSERT_NE(sender, nullptr);
  const Descriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto slot = [&](std::uint64_t id) {
    return std::make_shared<const SlotFile>(SlotFile{.id = id, .bytes = 4096, .descriptor = Descriptor(::dup(file.get()))});
  };
  sender->give(slot(1));
  EXPECT_EQ(in_child([&]() -> std::string {
              if (receiver.receive().error() != HandOverError::Ended) return "the child has received";
              Ids none;
              if (sender->serve(none) != PeerState::Ended) return "the child has a session";
              if (!desk.serve().empty()) return "the child was called";
              {
                const SlotReceiver gone = std::move(receiver);
                const auto sender_gone = std::move(sender);
              }
              desk.listener.~HandOverListener();
              return "well";
            }),
            "well");
  EXPECT_EQ(std::get<OfferedSlot>(*receiver.receive()).id, 1u);
  sender->give(slot(2));
  sender->retire(2);
  EXPECT_EQ(std::get<OfferedSlot>(*receiver.receive()).id, 2u);
  EXPECT_TRUE(receiver.receive() && receiver.unmapped(2));
  EXPECT_TRUE(comes(desk.listener.descriptor())) << "and the parent still watches";
  EXPECT_EQ(desk.serve(), Ids{sender->key()});
  const Id another = random_id();
  const SlotReceiver visitor = desk.connect(another);
  EXPECT_NE(desk.listener.claim(another), nullptr);
}

TEST(HandOverProcesses, ASubscriberThatLeavesIsSeenThoughAForkedChildHoldsItsSocket) {
  Desk desk;
  const Id session = random_id();
  std::optional<SlotReceiver> receiver = desk.connect(session);
  const auto sender = desk.listener.claim(session);
  const ChildProcess holder([] { return true; });
  receiver.reset();
  Ids unmapped;
  EXPECT_EQ(sender->serve(unmapped), PeerState::Ended);
}

TEST(HandOverProcesses, APublisherThatLeavesIsSeenThoughAForkedChildHoldsItsSockets) {
  ScratchDirectory scratch;
  const auto path = scratch.path() / "slots.sock";
  const auto polled = std::make_shared<PollSet>();
  auto listener = std::make_unique<HandOverListener>(path);
  const Id session = random_id();
  auto claimed = SlotReceiver::connect(path, session, polled, 1), waiting = SlotReceiver::connect(path, random_id(), polled, 1);
  auto sender = listener->claim(session);
  const ChildProcess holder([] { return true; });
  EXPECT_EQ(claimed->receive().error(), HandOverError::Nothing);
  sender.reset();
  listener.reset();
  EXPECT_EQ(claimed->receive().error(), HandOverError::Ended);
  EXPECT_EQ(waiting->receive().error(), HandOverError::Ended);
  const auto late = SlotReceiver::connect(path, random_id(), polled, 1);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().error, ECONNREFUSED);
}

TEST(HandOverProcesses, ASubscriberReplacedByExecIsSeen) {
  Publisher publisher;
  ChildProcess child([&] {
    static const SlotReceiver receiver = publisher.subscribe();
    comes(publisher.desk.polled->descriptor());  // once it is claimed
    ::execl("/bin/sleep", "sleep", "1000", nullptr);
    return true;
  });
  ASSERT_TRUE(publisher.claim());
  const Reference slot = take(*publisher.pool, 1);
  publisher.sender->give(publisher.pool->hand_over(slot_in(slot)));
  EXPECT_EQ(publisher.hear(), PeerState::Ended);
  EXPECT_TRUE(child.runs());
}

TEST(HandOverProcesses, AStoppedSubscriberIsNotDead) {
  Publisher publisher;
  ChildProcess child([&] {
    static SlotReceiver receiver = publisher.subscribe();
    while (comes(publisher.desk.polled->descriptor())) {
      const auto news = receiver.receive();
      if (news && std::holds_alternative<Retire>(*news)) receiver.unmapped(std::get<Retire>(*news).id);
    }
    return false;
  });
  ASSERT_TRUE(publisher.claim());
  child.signal(SIGSTOP);
  const Reference slot = take(*publisher.pool, 1);
  const std::uint64_t id = slot_in(slot).id();
  publisher.sender->give(publisher.pool->hand_over(slot_in(slot)));
  publisher.sender->retire(id);
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  EXPECT_EQ(publisher.sender->serve(publisher.unmapped), PeerState::Open);
  EXPECT_TRUE(publisher.unmapped.empty());
  EXPECT_FALSE(is_readable(publisher.desk.listener.descriptor()));
  child.signal(SIGCONT);
  EXPECT_EQ(publisher.hear(), PeerState::Open);
  EXPECT_EQ(publisher.unmapped, Ids{id});
}

// Fault matrix, row 36: its process has another number there, which we could not name.
TEST(HandOverProcesses, ASubscriberInAPidNamespaceOfItsOwnIsSeenToDie) {
  Publisher publisher;
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  Descriptor until(pipe[0]), telling(pipe[1]);
  ChildProcess outside([&] {
    telling = Descriptor();
    const int flags = CLONE_NEWPID | (::geteuid() == 0 ? 0 : CLONE_NEWUSER);
    if (::unshare(flags) != 0) return false;
    const pid_t inside = ::fork();
    if (inside == 0) {
      static const SlotReceiver receiver = publisher.subscribe();
      for (;;) ::pause();
    }
    comes(until.get());
    ::kill(inside, SIGKILL);
    return true;
  });
  while (!wait_readable(std::array{publisher.desk.listener.descriptor()}, steady_now() + std::chrono::milliseconds{100}))
    if (!outside.runs()) GTEST_SKIP() << "no pid namespaces here";
  ASSERT_TRUE(publisher.claim());
  EXPECT_EQ(publisher.sender->serve(publisher.unmapped), PeerState::Open);
  telling = Descriptor();
  EXPECT_EQ(publisher.hear(), PeerState::Ended);
}

// Fault matrix, row 22: what a consumer gets cannot be written, whatever it tries.
std::string try_to_write(const OfferedSlot& slot) {
  const int fd = slot.descriptor.get();
  const auto size = static_cast<std::size_t>(slot.bytes);
  std::string done;
  const auto refused = [&](const char* what, bool yes) {
    if (!yes) done += std::string(what) + " ";
  };
  const auto writable = [&](int file) {
    return ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) != MAP_FAILED;
  };
  refused("mmap", !writable(fd) && errno == EPERM);
  void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  refused("mprotect", ::mprotect(mapped, size, PROT_READ | PROT_WRITE) != 0 && errno == EACCES);
  refused("madvise", ::madvise(mapped, size, MADV_REMOVE) != 0);
  refused("pwrite", ::pwrite(fd, "x", 1, 0) != 1 && errno == EPERM);
  refused("ftruncate", ::ftruncate(fd, 0) != 0 && errno == EPERM);
  refused("punch", ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) != 0 && errno == EPERM);
  refused("seal", ::fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) != 0 && errno == EPERM);
  const Descriptor again(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDWR | O_CLOEXEC));
  refused("reopened: mmap", !again || !writable(again.get()));
  refused("reopened: pwrite", ::pwrite(again.get(), "x", 1, 0) != 1);
  refused("reopened: ftruncate", ::ftruncate(again.get(), 0) != 0);
  const Descriptor truncated(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDWR | O_TRUNC | O_CLOEXEC));
  refused("emptied", ::lseek(fd, 0, SEEK_END) == static_cast<off_t>(size));
  return done;
}

TEST(HandOverProcesses, ASubscriberCannotWriteWhatItGets) {
  Publisher publisher;
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const Descriptor told(pipe[0]);
  Descriptor telling(pipe[1]);
  ChildProcess child([&] {
    SlotReceiver receiver = publisher.subscribe();
    if (!comes(publisher.desk.polled->descriptor())) return false;
    auto news = receiver.receive();
    const std::string done = news ? try_to_write(std::get<OfferedSlot>(*news)) : "received nothing";
    [[maybe_unused]] const auto said = ::write(telling.get(), done.data(), done.size());
    return false;
  });
  telling = Descriptor();
  ASSERT_TRUE(publisher.claim());
  const Reference slot = take(*publisher.pool, kMiB);
  std::memset(slot_in(slot).bytes().data(), 0x11, kMiB);
  publisher.sender->give(publisher.pool->hand_over(slot_in(slot)));
  EXPECT_EQ(child.wait(), 0);
  std::array<char, 512> said{};
  EXPECT_EQ(::read(told.get(), said.data(), said.size() - 1), 0) << said.data();
  for (const std::byte byte : slot_in(slot).bytes()) ASSERT_EQ(byte, std::byte{0x11});
}

// A subscriber's life: maps what is offered, unmaps what is retired, until it is killed.
void live(SlotReceiver& receiver, const PollSet& polled, Id session) {
  const auto queue = UnmapQueue::create();
  MappedSlots slots(session, queue);
  std::vector<UnmappedSlot> unmapped;
  while (comes(polled.descriptor())) {
    auto news = receiver.receive();
    if (!news) {
      if (news.error() != HandOverError::Nothing) return;
    } else if (auto* offered = std::get_if<OfferedSlot>(&*news)) {
      const std::uint64_t id = offered->id;
      auto mapping = check_and_map(std::move(*offered));
      if (!mapping || !slots.add(id, std::move(*mapping))) return;
    } else {
      slots.retire(std::get<Retire>(*news).id);
      queue->unmap_all(unmapped);
      for (const UnmappedSlot& slot : unmapped) receiver.unmapped(slot.id);
      unmapped.clear();
    }
    receiver.flush();
  }
}

// Fault matrix, row 1, of this layer: killed at random points of a slot's life, a hundred times.
TEST(HandOverProcesses, SubscribersKilledAtAnyMomentLeaveNothingBehind) {
  Publisher publisher;
  Pool& pool = *publisher.pool;
  const std::size_t before = open_descriptors();
  unsigned random = 12345;
  for (int round = 0; round < 100; ++round) {
    publisher.session = random_id();
    ChildProcess child([&] {
      SlotReceiver receiver = publisher.subscribe();
      live(receiver, *publisher.desk.polled, publisher.session);
      return false;
    });
    ASSERT_TRUE(publisher.claim());
    random = random * 1664525 + 1013904223;
    const auto killed_at = std::chrono::steady_clock::now() + std::chrono::microseconds(random >> 18);
    PeerState state = PeerState::Open;
    for (bool killed = false; state == PeerState::Open;) {
      const Reference slot = take(pool, 256 * kKiB);
      if (publisher.sender->give(pool.hand_over(slot_in(slot)))) {
        if (publisher.sender->retire(slot_in(slot).id())) pool.unmapped(slot_in(slot).id());  // the kernel had no room for it yet
      } else {
        pool.unmapped(slot_in(slot).id());
      }
      if (!killed && std::chrono::steady_clock::now() >= killed_at) {
        child.signal(SIGKILL);
        killed = true;
      }
      state = publisher.sender->serve(publisher.unmapped);
      for (const std::uint64_t id : publisher.unmapped) pool.unmapped(id);
      publisher.unmapped.clear();
    }
    ASSERT_EQ(state, PeerState::Ended);
    for (const std::uint64_t id : publisher.sender->slots()) pool.unmapped(id);
    publisher.sender.reset();
  }
  publisher.desk.serve();
  EXPECT_EQ(open_descriptors(), before + 1) << "the slot";
  { const Reference large = take(pool, 16 * kMiB); }  // possible only if no session counts any more
  EXPECT_EQ(pool.bytes(), 16 * kMiB);
}

}  // namespace
}  // namespace arraywire::memory
