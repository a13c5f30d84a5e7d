// Who may come for slots, what a visitor costs at most, and what a hostile one gets.
#include "memory/hand_over_listener.hpp"

#include "arraywire/error.hpp"
#include "memory/hand_over_fixture.hpp"
#include "memory/in_child.hpp"
#include "memory/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <deque>
#include <map>
#include <string>

namespace arraywire::memory {
namespace {

using namespace arraywire::testing;

TEST(HandOverListener, FindsWhoGreetedThoughItWasNeverServed) {
  Desk desk;
  const Id a = random_id(), b = random_id();
  const SlotReceiver first = desk.connect(a), second = desk.connect(b);
  EXPECT_EQ(desk.listener.claim(random_id()), nullptr);
  const auto sender = desk.listener.claim(b);
  ASSERT_NE(sender, nullptr);
  EXPECT_EQ(sender->state(), PeerState::Open);
  EXPECT_NE(desk.listener.claim(a), nullptr);
  EXPECT_EQ(desk.listener.claim(a), nullptr) << "claimed twice";
  EXPECT_EQ(desk.listener.strangers() + desk.listener.unclaimed() + desk.listener.turned_away(), 0u);
}

TEST(HandOverListener, IsReadableWhileSomebodyWaitsAndNotAfterwards) {
  Desk desk;
  EXPECT_FALSE(is_readable(desk.listener.descriptor()));
  const RawPeer silent(desk.path);
  EXPECT_TRUE(comes(desk.listener.descriptor()));
  EXPECT_TRUE(desk.serve().empty());
  EXPECT_FALSE(is_readable(desk.listener.descriptor()));
  EXPECT_EQ(desk.listener.strangers(), 1u);
  const Descriptor process = own_process();
  const Id session = random_id();
  silent.send(Greeting{.session = session}, process.get());
  EXPECT_TRUE(comes(desk.listener.descriptor()));
  desk.serve();
  EXPECT_FALSE(is_readable(desk.listener.descriptor()));
  EXPECT_EQ(desk.listener.strangers(), 0u);
  EXPECT_NE(desk.listener.claim(session), nullptr);
}

TEST(HandOverListener, LetsOurUserAloneIntoItsSocketWhateverTheUmask) {
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}}) {
    const mode_t before = ::umask(mask);
    const Desk desk;
    ::umask(before);
    struct stat status {};
    ASSERT_EQ(::stat(desk.path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
  }
}

TEST(HandOverListener, SaysWhichPathItCannotBind) {
  const Desk desk;
  const auto error_of = [](const std::filesystem::path& path) {
    try {
      const HandOverListener listener(path);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
      return error.code();
    }
    ADD_FAILURE() << path;
    return ErrorCode::System;
  };
  EXPECT_EQ(error_of(desk.path), ErrorCode::InUse);
  EXPECT_EQ(error_of(desk.scratch.path() / std::string(108, 'x')), ErrorCode::InvalidArgument);
  EXPECT_EQ(error_of(desk.scratch.path() / "missing/slots.sock"), ErrorCode::System);
}

TEST(HandOverListener, AHundredWhoNeverGreetCostAFewDescriptorsAndNobodyAPlace) {
  Desk desk;
  std::deque<RawPeer> silent;
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 100; ++i) silent.emplace_back(desk.path);
  const Id session = random_id();
  const SlotReceiver honest = desk.connect(session);
  desk.serve();
  EXPECT_EQ(desk.listener.strangers(), HandOverListener::kMaxStrangers);
  EXPECT_EQ(open_descriptors(), before + 100 + 1 + HandOverListener::kMaxStrangers + 2);
  for (std::size_t i = 0; i < silent.size(); ++i)  // the oldest had to go
    EXPECT_EQ(silent[i].hung_up(), i < silent.size() - HandOverListener::kMaxStrangers) << i;
  EXPECT_NE(desk.listener.claim(session), nullptr);
}

TEST(HandOverListener, KeepsTheLastOfThoseWhoGreetAndNeverSayHello) {
  Desk desk;
  std::deque<SlotReceiver> receivers;
  std::vector<Id> sessions;
  for (std::size_t i = 0; i < HandOverListener::kMaxUnclaimed + 10; ++i) {
    sessions.push_back(random_id());
    receivers.push_back(desk.connect(sessions.back()));
    desk.serve();
  }
  EXPECT_EQ(desk.listener.unclaimed(), HandOverListener::kMaxUnclaimed);
  EXPECT_EQ(desk.listener.turned_away(), 10u);
  EXPECT_EQ(receivers[9].receive().error(), HandOverError::Ended);
  EXPECT_EQ(desk.listener.claim(sessions[9]), nullptr);
  EXPECT_NE(desk.listener.claim(sessions[10]), nullptr);
}

TEST(HandOverListener, ForgetsWhoLeftBeforeItsHello) {
  Desk desk;
  const Id a = random_id(), b = random_id();
  { const SlotReceiver unseen = desk.connect(a); }
  {
    const SlotReceiver seen = desk.connect(b);
    desk.serve();
    desk.serve();  // the first sees a greeting, the second that who greeted is gone
    EXPECT_EQ(desk.listener.unclaimed(), 1u);
  }
  EXPECT_EQ(desk.listener.claim(a), nullptr);
  EXPECT_EQ(desk.listener.claim(b), nullptr);
  EXPECT_EQ(desk.listener.unclaimed(), 0u);
  EXPECT_EQ(desk.listener.turned_away(), 0u);
}

TEST(HandOverListener, GivesASessionToWhoNamedItFirst) {
  Desk desk;
  const Id session = random_id();
  SlotReceiver first = desk.connect(session), second = desk.connect(session);
  EXPECT_NE(desk.listener.claim(session), nullptr);
  EXPECT_EQ(second.receive().error(), HandOverError::Ended);
  EXPECT_EQ(desk.listener.turned_away(), 1u);
}

TEST(HandOverListener, AThousandVisitorsLeaveNothingBehind) {
  Desk desk;
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 1000; ++i) {
    const Id session = random_id();
    const SlotReceiver receiver = desk.connect(session);
    ASSERT_NE(desk.listener.claim(session), nullptr);
  }
  desk.serve();
  EXPECT_EQ(open_descriptors(), before);
}

struct Hostile {
  const char* name;
  Bytes bytes;
  std::vector<int> descriptors;
};

TEST(HandOverListener, TurnsAwayWhoeverDoesNotGreetAsItShould) {
  const Descriptor process = own_process(), other = own_process(), event(::eventfd(0, EFD_CLOEXEC));
  const Descriptor file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)), folder(::open("/proc/self", O_RDONLY | O_CLOEXEC));
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor reading(ends[0]), writing(ends[1]);
  const Id session = random_id();
  const Bytes greeting = bytes_of(Greeting{.session = session});
  const std::vector<Hostile> visitors{
      {"a byte", garbage(1), {}},
      {"garbage", garbage(24), {}},
      {"garbage with a process", garbage(24), {process.get()}},
      {"cut short", Bytes(greeting.begin(), greeting.end() - 1), {process.get()}},
      {"too long", garbage(25), {process.get()}},
      {"giant", garbage(100'000), {process.get()}},
      {"of another version", with_version(greeting, 2), {process.get()}},
      {"no descriptor", greeting, {}},
      {"a pipe", greeting, {reading.get()}},
      {"an eventfd", greeting, {event.get()}},
      {"a file", greeting, {file.get()}},
      {"a folder of /proc", greeting, {folder.get()}},
      {"two processes", greeting, {process.get(), other.get()}},
      {"many", greeting, std::vector<int>(16, process.get())},
      {"no session", bytes_of(Greeting{}), {process.get()}},
      {"a slot", bytes_of(SlotOffer{.id = 1, .bytes = 1}), {file.get()}},
      {"an unmapping", bytes_of(Unmapped{.id = 1}), {}},
  };
  Desk desk;
  for (const Hostile& visitor : visitors) {
    const RawPeer peer(desk.path);
    const std::size_t before = open_descriptors();
    const std::uint64_t turned_away = desk.listener.turned_away();
    ASSERT_TRUE(peer.send(visitor.bytes, visitor.descriptors));
    desk.serve();
    EXPECT_TRUE(peer.hung_up()) << visitor.name;
    EXPECT_EQ(desk.listener.turned_away(), turned_away + 1) << visitor.name;
    EXPECT_EQ(desk.listener.claim(session), nullptr) << visitor.name;
    EXPECT_EQ(open_descriptors(), before) << visitor.name;
  }
  const SlotReceiver honest = desk.connect(session);
  EXPECT_NE(desk.listener.claim(session), nullptr);
}

TEST(HandOverListener, TurnsAwayWhoeverSpeaksAgainBeforeItsHello) {
  const Descriptor process = own_process();
  const std::map<std::string, Hostile> second{
      {"greeting", {"", bytes_of(Greeting{.session = random_id()}), {process.get()}}},
      {"unmapped", {"", bytes_of(Unmapped{.id = 1}), {}}},
      {"garbage", {"", garbage(24), {}}},
  };
  for (const auto& [name, said] : second) {
    Desk desk;
    const Id session = random_id();
    const RawPeer peer(desk.path);
    peer.send(Greeting{.session = session}, process.get());
    peer.send(said.bytes, said.descriptors);
    EXPECT_EQ(desk.listener.claim(session), nullptr) << name;
    EXPECT_TRUE(peer.hung_up()) << name;
    EXPECT_EQ(desk.listener.turned_away(), 1u) << name;
  }
}

// ---- without descriptors

void limit_descriptors(rlim_t more) {
  const Descriptor probe(::dup(0));
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = static_cast<rlim_t>(probe.get()) + more;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) throw std::runtime_error("setrlimit");
}

TEST(HandOverListener, WithoutADescriptorLeftItWaitsQuietlyAndGoesOnLater) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  EXPECT_EQ(in_child([]() -> std::string {
              Desk desk;
              const Id session = random_id();
              const SlotReceiver receiver = desk.connect(session);
              rlimit before{};
              ::getrlimit(RLIMIT_NOFILE, &before);
              limit_descriptors(0);
              if (desk.listener.claim(session)) return "claimed without a descriptor";
              if (is_readable(desk.listener.descriptor())) return "still readable: its thread would spin";
              ::setrlimit(RLIMIT_NOFILE, &before);
              return desk.listener.claim(session) ? "well" : "not found afterwards";
            }),
            "well");
}

TEST(HandOverListener, WithoutADescriptorForTheProcessItTurnsTheVisitorAway) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  EXPECT_EQ(in_child([]() -> std::string {
              Desk desk;
              const Id session = random_id();
              SlotReceiver receiver = desk.connect(session);
              limit_descriptors(1);
              if (desk.listener.claim(session)) return "claimed without a process";
              return receiver.receive().error() == HandOverError::Ended ? "well" : "not told";
            }),
            "well");
}

TEST(HandOverListener, WithoutADescriptorTheOldestStrangerMakesRoom) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  EXPECT_EQ(in_child([]() -> std::string {
              Desk desk;
              const RawPeer first(desk.path), second(desk.path);
              desk.serve();
              const RawPeer third(desk.path);
              limit_descriptors(0);
              desk.serve();
              if (desk.listener.strangers() != 2) return std::to_string(desk.listener.strangers()) + " strangers";
              return first.hung_up() && !second.hung_up() && !third.hung_up() ? "well" : "the wrong one went";
            }),
            "well");
}

// ---- other users (fault matrix, row 28)

TEST(HandOverListener, LetsNoOtherUserInThoughTheFileLetsIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: it changes users";
  Desk desk;
  ::chmod(desk.scratch.path().c_str(), 0777);
  EXPECT_EQ(in_child([&]() -> std::string {
              if (::setuid(65534) != 0) return "setuid";
              const auto connected = SlotReceiver::connect(desk.path, random_id(), std::make_shared<PollSet>(), 1);
              return connected ? "connected" : describe(connected.error());
            }),
            "hand-over: connect: Permission denied");
  ::chmod(desk.path.c_str(), 0777);
  const Id session = random_id();
  ChildProcess visitor([&] {
    if (::setuid(65534) != 0) throw std::runtime_error("setuid");
    const auto polled = std::make_shared<PollSet>();
    auto connected = SlotReceiver::connect(desk.path, session, polled, 1);
    if (!connected && connected.error().error == ECONNRESET) return false;  // before it could greet
    if (!connected || !comes(polled->descriptor())) throw std::runtime_error("no answer");
    if (connected->receive().error() != HandOverError::Ended) throw std::runtime_error("not refused");
    return false;
  });
  ASSERT_TRUE(comes(desk.listener.descriptor()));
  EXPECT_EQ(desk.listener.claim(session), nullptr);
  EXPECT_EQ(desk.listener.turned_away(), 1u);
  EXPECT_EQ(visitor.wait(), 0);
}

TEST(HandOverListener, LetsRootInWhoeverWeAre) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: it changes users";
  Desk desk;
  const Id session = random_id();
  const SlotReceiver receiver = desk.connect(session);
  ASSERT_EQ(::seteuid(65534), 0);
  const auto sender = desk.listener.claim(session);
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_NE(sender, nullptr);
}

}  // namespace
}  // namespace arraywire::memory
