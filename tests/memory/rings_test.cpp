// Two ends of a session's rings, and ends that do not keep to the rules.
#include "memory/rings.hpp"

#include "memory/slot_receiver.hpp"
#include "memory/waiting.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace arraywire::memory {
namespace {

constexpr std::size_t kEntries = RingFormat::kEntries;

Mapping mapped(const Memfd& memory) {
  Mapping mapping;
  if (!Rings::map(Descriptor(::dup(memory.descriptor.get())), mapping)) throw std::runtime_error("map");
  return mapping;
}

// One end of its own, and the memory and the bell of the other, of which the test does what it wants.
struct Counterpart {
  std::shared_ptr<PollSet> bells = std::make_shared<PollSet>();
  Memfd memory = std::move(*Rings::create_memory());  // its
  Memfd ours = std::move(*Rings::create_memory());
  Mapping seen = mapped(ours);  // what it sees of ours
  Rings::BellPair bell = Rings::create_bell();
  Rings rings{std::move(ours.mapping), mapped(memory), std::move(bell.ours), bells};

  template <class Number> void write(std::size_t at, Number number) const {
    std::memcpy(memory.mapping.bytes().data() + at, &number, sizeof number);
  }
  std::uint64_t written() const {
    std::uint64_t number = 0;
    std::memcpy(&number, seen.bytes().data() + RingFormat::kWrittenAt, sizeof number);
    return number;
  }
  std::size_t heard() const {
    std::array<char, 4096> dings{};
    const ssize_t got = ::recv(bell.theirs.get(), dings.data(), dings.size(), MSG_DONTWAIT);
    return got < 0 ? 0 : static_cast<std::size_t>(got);
  }
  bool put_one() {
    const bool fits = !rings.room(8).empty();
    if (fits) rings.put(1, 8);
    rings.ring();
    return fits;
  }
};

struct Pair {
  std::shared_ptr<PollSet> bells_a = std::make_shared<PollSet>(), bells_b = std::make_shared<PollSet>();
  Memfd of_a = std::move(*Rings::create_memory()), of_b = std::move(*Rings::create_memory());
  Mapping seen_by_a = mapped(of_b), seen_by_b = mapped(of_a);
  Rings::BellPair bell = Rings::create_bell();
  Rings a{std::move(of_a.mapping), std::move(seen_by_a), std::move(bell.ours), bells_a};
  Rings b{std::move(of_b.mapping), std::move(seen_by_b), std::move(bell.theirs), bells_b};
};

bool put(Rings& rings, std::uint64_t number) {
  const std::size_t size = 8 + number % 100;
  const auto room = rings.room(size);
  if (room.empty()) return false;
  std::memset(room.data(), static_cast<int>(number & 0xFF), room.size());
  rings.put(number, size);
  return true;
}

void expect_next(Rings& rings, std::uint64_t number) {
  const auto entry = rings.front();
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->number, number);
  ASSERT_EQ(entry->bytes.size(), 8 + number % 100);
  EXPECT_TRUE(std::all_of(entry->bytes.begin(), entry->bytes.end(), [&](std::byte b) { return b == std::byte(number & 0xFF); }));
  rings.pop();
}

TEST(Rings, PassMessagesInOrderBothWays) {
  Pair pair;
  EXPECT_EQ(pair.b.front().error(), RingError::Empty);
  for (std::uint64_t i = 0; i < 5 * kEntries; i += 3) {
    for (std::uint64_t n = i; n < i + 3; ++n) {
      ASSERT_TRUE(put(pair.a, n));
      ASSERT_TRUE(put(pair.b, n + 7));
    }
    for (std::uint64_t n = i; n < i + 3; ++n) {
      expect_next(pair.b, n);
      expect_next(pair.a, n + 7);
    }
  }
  EXPECT_TRUE(pair.a.empty());
  EXPECT_TRUE(pair.b.empty());
}

TEST(Rings, AreFullUntilTheOtherEndHasRead) {
  Pair pair;
  for (std::uint64_t i = 0; i < kEntries; ++i) ASSERT_TRUE(put(pair.a, i));
  EXPECT_FALSE(put(pair.a, kEntries));
  expect_next(pair.b, 0);
  EXPECT_TRUE(put(pair.a, kEntries));
  EXPECT_FALSE(put(pair.a, kEntries + 1));
  for (std::uint64_t i = 1; i <= kEntries; ++i) expect_next(pair.b, i);
}

TEST(Rings, HaveNoRoomForMoreThanAnEntry) {
  Pair pair;
  EXPECT_EQ(pair.a.room(RingFormat::kMaxMessageBytes).size(), RingFormat::kMaxMessageBytes);
  EXPECT_TRUE(pair.a.room(RingFormat::kMaxMessageBytes + 1).empty());
}

TEST(Rings, RingTheBellOnceEachTimeThatTheOtherEndListens) {
  Counterpart other;
  ASSERT_TRUE(other.put_one());
  EXPECT_EQ(other.heard(), 0U);  // it does not listen
  other.write<std::uint32_t>(RingFormat::kListeningAt, 1);
  ASSERT_TRUE(other.put_one());
  ASSERT_TRUE(other.put_one());
  EXPECT_EQ(other.heard(), 1U);
  other.rings.ring();  // nothing was put
  EXPECT_EQ(other.heard(), 0U);
  other.write<std::uint32_t>(RingFormat::kListeningAt, 2);
  ASSERT_TRUE(other.put_one());
  EXPECT_EQ(other.heard(), 0U);
  other.write<std::uint32_t>(RingFormat::kListeningAt, 3);
  ASSERT_TRUE(other.put_one());
  EXPECT_EQ(other.heard(), 1U);
}

TEST(Rings, WakeWhoListens) {
  Pair pair;
  EXPECT_TRUE(pair.b.listen());
  EXPECT_FALSE(is_readable(pair.bells_b->descriptor()));
  ASSERT_TRUE(put(pair.a, 0));
  pair.a.ring();
  EXPECT_TRUE(is_readable(pair.bells_b->descriptor()));
  EXPECT_FALSE(pair.b.listen());  // something has come
  expect_next(pair.b, 0);
  EXPECT_TRUE(pair.b.listen());  // heard
  EXPECT_FALSE(is_readable(pair.bells_b->descriptor()));
}

TEST(Rings, NobodySleepsThroughAnEntry) {
  constexpr std::uint64_t kMessages = 100'000;
  Pair pair;
  std::atomic<bool> lost = false;
  std::jthread reader([&] {
    std::minstd_rand random(1);
    for (std::uint64_t next = 0; next < kMessages && !lost;) {
      const auto entry = pair.b.front();
      if (entry) {
        if (entry->number != next) lost = true;
        pair.b.pop();
        ++next;
      } else if (random() % 2 == 0 && pair.b.listen()) {
        const int bells = pair.bells_b->descriptor();
        if (!wait_readable({&bells, 1}, steady_now() + std::chrono::seconds{60})) lost = true;
      }
    }
  });
  std::minstd_rand random(2);
  for (std::uint64_t next = 0; next < kMessages && !lost;) {
    if (put(pair.a, next)) {
      ++next;
      if (random() % 4 == 0) pair.a.ring();
    } else {
      pair.a.ring();
      std::this_thread::yield();
    }
  }
  pair.a.ring();
  reader.join();
  EXPECT_FALSE(lost);
}

TEST(Rings, CopyAnEntryBeforeItCanBeChanged) {
  Counterpart other;
  other.write<std::uint64_t>(RingFormat::kEntriesAt, 5);
  other.write<std::uint64_t>(RingFormat::kEntriesAt + 8, 8);
  other.write<std::uint64_t>(RingFormat::kEntriesAt + 16, 42);
  other.write<std::uint64_t>(RingFormat::kWrittenAt, 1);
  const auto entry = other.rings.front();
  ASSERT_TRUE(entry);
  other.write<std::uint64_t>(RingFormat::kEntriesAt + 16, 43);
  std::uint64_t body = 0;
  std::memcpy(&body, entry->bytes.data(), sizeof body);
  EXPECT_EQ(body, 42U);
}

TEST(Rings, AreBrokenByCountsThatCannotBeRight) {
  for (const std::uint64_t written : {kEntries + 1, std::uint64_t{1} << 63U, ~std::uint64_t{0}}) {
    Counterpart other;
    other.write(RingFormat::kWrittenAt, written);
    EXPECT_EQ(other.rings.front().error(), RingError::Broken) << written;
  }
  for (const std::uint64_t size : {RingFormat::kMaxMessageBytes + 1, std::uint64_t{1} << 40U, ~std::uint64_t{0}}) {
    Counterpart other;
    other.write(RingFormat::kEntriesAt + 8, size);
    other.write<std::uint64_t>(RingFormat::kWrittenAt, 1);
    EXPECT_EQ(other.rings.front().error(), RingError::Broken) << size;
  }
}

TEST(Rings, WriteWithinTheirMemoryWhateverTheOtherEndSaysItHasRead) {
  std::minstd_rand random(3);
  Counterpart other;
  std::uint64_t seen = 0;  // what it says counts when the ring seems full
  for (int i = 0; i < 10'000; ++i) {
    const auto choice = random() % 4;
    const std::uint64_t read = choice == 0 ? other.written() : choice == 1 ? other.written() + 1 : choice == 2 ? random() : 0;
    other.write(RingFormat::kReadAt, read);
    if (other.written() - seen >= kEntries) seen = read;
    const bool fits = other.written() - seen < kEntries;
    EXPECT_EQ(other.put_one(), fits);
  }
}

TEST(Rings, DoNotWaitForABellThatNobodyHears) {
  Counterpart other;
  ASSERT_EQ(::fcntl(other.bell.theirs.get(), F_SETFL, 0), 0);  // which would not make ours wait
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    other.write<std::uint32_t>(RingFormat::kListeningAt, 2 * i + 1);
    other.write(RingFormat::kReadAt, other.written());
    ASSERT_TRUE(other.put_one());
  }
  EXPECT_GT(other.heard(), 0U);
}

TEST(Rings, AreSilentWhenTheBellsOtherEndIsGone) {
  Counterpart other;
  EXPECT_TRUE(other.rings.listen());
  other.bell.theirs = Descriptor();
  EXPECT_TRUE(is_readable(other.bells->descriptor()));
  other.rings.hear();
  EXPECT_FALSE(is_readable(other.bells->descriptor()));
  other.write<std::uint32_t>(RingFormat::kListeningAt, 1);
  EXPECT_TRUE(other.put_one());
}

TEST(Rings, HaveMemoryThatOnlyItsOwnerCanWrite) {
  const Memfd memory = std::move(*Rings::create_memory());
  void* mapping = ::mmap(nullptr, RingFormat::kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.descriptor.get(), 0);
  EXPECT_EQ(mapping, MAP_FAILED);
  EXPECT_EQ(errno, EPERM);
  EXPECT_NE(::ftruncate(memory.descriptor.get(), 0), 0);
}

TEST(Rings, RefuseOtherMemoryAndOtherBells) {
  Mapping mapping;
  auto larger = create_memfd("arraywire-ring", 2 * RingFormat::kBytes);
  EXPECT_FALSE(Rings::map(std::move(larger->descriptor), mapping));
  Descriptor unsealed(::memfd_create("test", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(unsealed.get(), RingFormat::kBytes), 0);
  EXPECT_FALSE(Rings::map(std::move(unsealed), mapping));
  EXPECT_FALSE(Rings::map(Descriptor(), mapping));
  EXPECT_FALSE(Rings::is_bell(Descriptor()));
  EXPECT_FALSE(Rings::is_bell(Descriptor(::dup(STDERR_FILENO))));
  EXPECT_FALSE(Rings::is_bell(Descriptor(::socket(AF_INET, SOCK_STREAM, 0))));
  EXPECT_FALSE(Rings::is_bell(Descriptor(::socket(AF_UNIX, SOCK_DGRAM, 0))));
  EXPECT_TRUE(Rings::is_bell(Rings::create_bell().theirs));
}

}  // namespace
}  // namespace arraywire::memory
