// What is mapped, what is refused before it is mapped, and when it is unmapped.
#include "memory/mapped_slots.hpp"

#include "memory/in_child.hpp"
#include "memory/pool_fixture.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace arraywire::memory {
namespace {

using namespace arraywire::testing;

constexpr int kAllSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
constexpr std::size_t kSize = 64 * kKiB;

Descriptor memfd(std::size_t bytes, int seals, bool allocated = true, unsigned flags = 0) {
  Descriptor fd(::memfd_create("arraywire-slot", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags));
  const int made =
      allocated ? ::fallocate(fd.get(), 0, 0, static_cast<off_t>(bytes)) : ::ftruncate(fd.get(), static_cast<off_t>(bytes));
  if (made != 0 || ::fcntl(fd.get(), F_ADD_SEALS, seals) != 0) return {};
  return fd;
}
OfferedSlot offer(Descriptor fd, std::uint64_t bytes = kSize) { return {.id = 1, .bytes = bytes, .descriptor = std::move(fd)}; }
OfferedSlot offer(const Reference& slot) {
  return {.id = slot_in(slot).id(),
          .bytes = slot_in(slot).bytes().size(),
          .descriptor = Descriptor(::dup(slot_in(slot).descriptor()))};
}

TEST(CheckAndMap, MapsEveryPageReadOnlyAndClosesTheDescriptor) {
  const auto pool = Pool::create(4 * kMiB);
  const Reference slot = take(*pool, kMiB);
  const std::size_t before = open_descriptors();
  const auto mapping = check_and_map(offer(slot));
  ASSERT_TRUE(mapping);
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(mapping->bytes().size(), kMiB);
  slot_in(slot).bytes()[kMiB - 1] = std::byte{7};
  EXPECT_EQ(mapping->bytes()[kMiB - 1], std::byte{7});
  EXPECT_EQ(::mprotect(mapping->bytes().data(), kMiB, PROT_READ | PROT_WRITE), -1);
  EXPECT_EQ(errno, EACCES);
}

// mincore tells of the memory, which is there in any case; pagemap tells of the mapping.
TEST(CheckAndMap, FaultsEveryPageIn) {
  const auto pool = Pool::create(4 * kMiB);
  const Reference slot = take(*pool, kMiB);
  const auto mapping = check_and_map(offer(slot));
  ASSERT_TRUE(mapping);
  const Descriptor pagemap(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(pagemap);
  std::vector<std::uint64_t> pages(kMiB / page_bytes());
  const auto first = reinterpret_cast<std::uintptr_t>(mapping->bytes().data()) / page_bytes();
  ASSERT_EQ(::pread(pagemap.get(), pages.data(), pages.size() * 8, static_cast<off_t>(first * 8)),
            static_cast<ssize_t>(pages.size() * 8));
  for (const std::uint64_t page : pages) ASSERT_NE(page >> 63, 0u);
}

struct Refused {
  const char* name;
  Descriptor descriptor;
  std::uint64_t bytes;
  const char* reason;
};

std::vector<Refused> what_is_refused() {
  std::array<int, 2> pipe{}, sockets{};
  EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()), 0);
  const Descriptor other_pipe(pipe[1]), other_socket(sockets[1]);
  std::vector<Refused> all;
  const auto add = [&](const char* name, Descriptor fd, std::uint64_t bytes, const char* reason) {
    all.push_back({.name = name, .descriptor = std::move(fd), .bytes = bytes, .reason = reason});
  };
  add("none", Descriptor(), kSize, "not a memfd");
  add("a pipe", Descriptor(pipe[0]), kSize, "not a memfd");
  add("a socket", Descriptor(sockets[0]), kSize, "not a memfd");
  add("a file", Descriptor(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)), kSize, "not a memfd");
  add("a folder", Descriptor(::open("/", O_RDONLY | O_CLOEXEC)), kSize, "not a memfd");
  add("a device", Descriptor(::open("/dev/zero", O_RDONLY | O_CLOEXEC)), kSize, "not a memfd");
  add("a path", Descriptor(::open("/proc/self/exe", O_PATH | O_CLOEXEC)), kSize, "not a memfd");
  add("shared memory of a name", Descriptor(::open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)), kSize, "not sealed");
  add("unsealed", memfd(kSize, 0), kSize, "not sealed");
  for (const int missing : {F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_FUTURE_WRITE, F_SEAL_SEAL})
    add("a seal missing", memfd(kSize, kAllSeals & ~missing), kSize, "not sealed");
  add("too small", memfd(kSize - page_bytes(), kAllSeals), kSize, "not of the size that was said");
  add("too small by a byte", memfd(kSize - 1, kAllSeals), kSize, "not of the size that was said");
  add("too large", memfd(kSize + page_bytes(), kAllSeals), kSize, "not of the size that was said");
  add("of no size", memfd(0, kAllSeals, false), 0, "not of the size that was said");
  add("of 2^63 bytes", memfd(kSize, kAllSeals), std::uint64_t{1} << 63, "not of the size that was said");
  add("of 2^64 - 1 bytes", memfd(kSize, kAllSeals), ~std::uint64_t{0}, "not of the size that was said");
  add("empty pages", memfd(kSize, kAllSeals, false), kSize, "not allocated in full");
  return all;
}

// Fault matrix, row 21.
TEST(CheckAndMap, RefusesBeforeItMapsWhatIsNotASlot) {
  for (Refused& refused : what_is_refused()) {
    const int fd = refused.descriptor.get();
    const std::size_t mappings = slot_mappings();
    const auto mapping = check_and_map(offer(std::move(refused.descriptor), refused.bytes));
    ASSERT_FALSE(mapping) << refused.name;
    EXPECT_EQ(mapping.error().step, std::string(refused.reason)) << refused.name;
    EXPECT_EQ(slot_mappings(), mappings) << refused.name;
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1) << refused.name << " was not closed";
  }
}

TEST(CheckAndMap, RefusesHugePages) {
  Descriptor huge = memfd(std::size_t{2} << 20, kAllSeals, false, MFD_HUGETLB);
  if (!huge) GTEST_SKIP() << "no huge pages here";
  const auto mapping = check_and_map(offer(std::move(huge), std::size_t{2} << 20));
  ASSERT_FALSE(mapping);
  EXPECT_EQ(mapping.error().step, std::string("a memfd of huge pages"));
}

TEST(CheckAndMap, SaysWhyThereIsNoRoomForAMapping) {
  const auto failure = MapFailure{.step = "mmap", .error = ENOMEM};
  EXPECT_EQ(describe(failure), "mapping a slot: mmap: Cannot allocate memory");
  EXPECT_EQ(describe(MapFailure{.step = "not sealed", .error = 0}), "mapping a slot: not sealed");
}

// ---- the table

struct Table {
  std::shared_ptr<Pool> pool = Pool::create(16 * kMiB);
  std::shared_ptr<UnmapQueue> queue = UnmapQueue::create();
  Id session = random_id();
  std::optional<MappedSlots> slots{std::in_place, session, queue};
  Reference slot = take(*pool, kSize);  // of the publisher
  const std::size_t mapped_before = slot_mappings();

  void add(std::uint64_t id) {
    auto mapping = check_and_map(offer(slot));
    EXPECT_TRUE(mapping && slots->add(id, std::move(*mapping)));
  }
  std::vector<UnmappedSlot> unmap() const {
    std::vector<UnmappedSlot> all;
    queue->unmap_all(all);
    return all;
  }
  bool waits() const {
    pollfd polled{.fd = queue->descriptor(), .events = POLLIN, .revents = 0};
    return ::poll(&polled, 1, 0) > 0;
  }
  std::size_t mapped() const { return slot_mappings() - mapped_before; }
};

// Fault matrix, row 19.
TEST(MappedSlots, FindBytesOfASlotAndNothingElse) {
  Table table;
  table.add(3);
  slot_in(table.slot).bytes()[100] = std::byte{9};
  const auto found = table.slots->find(3, 100, 50);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->bytes.size(), 50u);
  EXPECT_EQ(found->bytes.front(), std::byte{9});
  EXPECT_TRUE(table.slots->find(3, 0, kSize));
  EXPECT_TRUE(table.slots->find(3, kSize, 0));
  const std::uint64_t most = ~std::uint64_t{0};
  EXPECT_EQ(table.slots->find(4, 0, 1).error(), FindError::UnknownSlot);
  EXPECT_EQ(table.slots->find(0, 0, 0).error(), FindError::UnknownSlot);
  EXPECT_EQ(table.slots->find(3, 1, kSize).error(), FindError::OutOfSlot);
  EXPECT_EQ(table.slots->find(3, kSize + 1, 0).error(), FindError::OutOfSlot);
  EXPECT_EQ(table.slots->find(3, most, 2).error(), FindError::OutOfSlot);
  EXPECT_EQ(table.slots->find(3, 2, most).error(), FindError::OutOfSlot);
}

TEST(MappedSlots, HaveEachIdOnce) {
  Table table;
  table.add(3);
  auto again = check_and_map(offer(table.slot));
  EXPECT_FALSE(table.slots->add(3, std::move(*again)));
  EXPECT_EQ(table.slots->size(), 1u);
  EXPECT_FALSE(table.slots->retire(4));
}

TEST(MappedSlots, ARetiredSlotIsUnmappedWhenItsLastSampleIsGone) {
  Table table;
  table.add(3);
  MappedBytes first = std::move(*table.slots->find(3, 0, 10)), second = std::move(*table.slots->find(3, 0, 10));
  EXPECT_TRUE(table.slots->retire(3));
  EXPECT_FALSE(table.slots->retire(3));
  EXPECT_EQ(table.slots->find(3, 0, 1).error(), FindError::UnknownSlot);
  first = {};
  EXPECT_FALSE(table.waits());
  EXPECT_TRUE(table.unmap().empty());
  EXPECT_EQ(second.bytes[0], std::byte{0});  // still there
  second = {};
  EXPECT_TRUE(table.waits());
  EXPECT_EQ(table.mapped(), 1u) << "only by whoever has the time";
  EXPECT_EQ(table.unmap(), (std::vector{UnmappedSlot{.session = table.session, .id = 3}}));
  EXPECT_EQ(table.mapped(), 0u);
  EXPECT_FALSE(table.waits());
}

TEST(MappedSlots, ASlotThatIsNotRetiredStaysMapped) {
  Table table;
  table.add(3);
  { const auto sample = table.slots->find(3, 0, 10); }
  EXPECT_FALSE(table.waits());
  EXPECT_EQ(table.mapped(), 1u);
  EXPECT_TRUE(table.slots->find(3, 0, 10));
}

TEST(MappedSlots, ASampleOutlivesItsSessionAndEverybodyElse) {
  Table table;
  for (std::uint64_t id = 1; id <= 3; ++id) table.add(id);
  slot_in(table.slot).bytes()[0] = std::byte{5};
  MappedBytes sample = std::move(*table.slots->find(2, 0, 10));
  table.slots.reset();
  EXPECT_EQ(table.unmap().size(), 2u);
  table.queue.reset();
  table.slot = {};
  table.pool.reset();
  EXPECT_EQ(sample.bytes[0], std::byte{5});
  const std::size_t before = slot_mappings();
  sample = {};  // and the queue with it
  EXPECT_EQ(slot_mappings(), before - 1);
}

TEST(MappedSlots, ThousandsThatNobodyUnmappedGoWithTheQueue) {
  Table table;
  for (std::uint64_t id = 1; id <= kMaxSessionSlots; ++id) table.add(id);
  table.slots.reset();
  EXPECT_TRUE(table.waits());
  table.queue.reset();
  EXPECT_EQ(table.mapped(), 0u);
}

// Samples are dropped on any thread while the session finds, retires and unmaps.
TEST(MappedSlots, EverySlotIsUnmappedOnceHoweverManyThreadsDropItsSamples) {
  Table table;
  constexpr std::uint64_t kSlots = 200;
  constexpr std::size_t kThreads = 3;
  struct Hand {
    Mutex mutex{};
    std::vector<MappedBytes> samples GUARDED_BY(mutex){};
  };
  std::array<Hand, kThreads> hands{};
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (Hand& hand : hands) {
    threads.emplace_back([&] {
      for (bool last = false; !last;) {
        last = done.load();
        std::vector<MappedBytes> mine;
        {
          Lock lock(hand.mutex);
          mine.swap(hand.samples);
        }
        for (const MappedBytes& sample : mine) EXPECT_EQ(sample.bytes[0], std::byte{0});
      }
    });
  }
  std::vector<UnmappedSlot> unmapped;
  for (std::uint64_t id = 1; id <= kSlots; ++id) {
    table.add(id);
    for (Hand& hand : hands) {
      Lock lock(hand.mutex);
      for (int i = 0; i < 3; ++i) hand.samples.push_back(std::move(*table.slots->find(id, 0, 1)));
    }
    table.slots->retire(id);
    table.queue->unmap_all(unmapped);
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  table.queue->unmap_all(unmapped);
  EXPECT_EQ(unmapped.size(), kSlots);
  EXPECT_EQ(table.mapped(), 0u);
}

}  // namespace
}  // namespace arraywire::memory
