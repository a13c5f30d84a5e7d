#include "memory/slot.hpp"

#include "arraywire/error.hpp"
#include "memory/pool_fixture.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace arraywire::memory {
namespace {

ArraySpec bytes_spec(std::int64_t count) { return {.dtype = DType::UInt8, .shape = {count}}; }

std::string reopened(const Slot& slot) { return "/proc/self/fd/" + std::to_string(slot.descriptor()); }

TEST(Slot, IsPageAlignedZeroedWholePagesThatCanBeWritten) {
  const auto pool = Pool::create(16 * kMiB);
  const Reference reference = take(*pool, 100'000);
  const auto bytes = slot_in(reference).bytes();
  EXPECT_GE(bytes.size(), 100'000u);
  EXPECT_EQ(bytes.size() % page_bytes(), 0u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % page_bytes(), 0u);
  EXPECT_EQ(bytes.front(), std::byte{0});
  std::memset(bytes.data(), 7, bytes.size());
  EXPECT_EQ(bytes.back(), std::byte{7});
}

TEST(Slot, IsBackedInFullFromTheStart) {
  const auto pool = Pool::create(16 * kMiB);
  const Reference reference = take(*pool, 3 * kMiB);
  struct stat status {};
  ASSERT_EQ(::fstat(slot_in(reference).descriptor(), &status), 0);
  EXPECT_EQ(static_cast<std::size_t>(status.st_size), slot_in(reference).bytes().size());
  EXPECT_GE(static_cast<std::size_t>(status.st_blocks) * 512, slot_in(reference).bytes().size());
  std::vector<unsigned char> resident(slot_in(reference).bytes().size() / page_bytes());
  ASSERT_EQ(::mincore(slot_in(reference).bytes().data(), slot_in(reference).bytes().size(), resident.data()), 0);
  for (const unsigned char page : resident) ASSERT_EQ(page & 1, 1);
}

TEST(Slot, CarriesExactlyTheFourSeals) {
  const auto pool = Pool::create(kMiB);
  const Reference reference = take(*pool, 1);
  EXPECT_EQ(::fcntl(slot_in(reference).descriptor(), F_GET_SEALS),
            F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
  EXPECT_EQ(::fcntl(slot_in(reference).descriptor(), F_GETFD), FD_CLOEXEC);
}

TEST(Slot, CannotBeResizedPunchedOrWrittenByWhoeverHasItsDescriptor) {
  const auto pool = Pool::create(kMiB);
  const Reference reference = take(*pool, 64 * kKiB);
  const int fd = slot_in(reference).descriptor();
  EXPECT_EQ(::ftruncate(fd, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(fd, 1 << 20), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::pwrite(fd, "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
}

TEST(Slot, CannotBeMappedWritableAgainNotEvenReopened) {
  const auto pool = Pool::create(kMiB);
  const Reference reference = take(*pool, 64 * kKiB);
  const Descriptor again(::open(reopened(slot_in(reference)).c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(again);
  EXPECT_EQ(::mmap(nullptr, page_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, again.get(), 0), MAP_FAILED);
  EXPECT_EQ(errno, EPERM);
  void* readable = ::mmap(nullptr, page_bytes(), PROT_READ, MAP_SHARED, again.get(), 0);
  ASSERT_NE(readable, MAP_FAILED);
  EXPECT_EQ(::mprotect(readable, page_bytes(), PROT_READ | PROT_WRITE), -1);
  slot_in(reference).bytes()[0] = std::byte{42};
  EXPECT_EQ(*static_cast<std::byte*>(readable), std::byte{42});  // and yet its owner's writes are seen
  ::munmap(readable, page_bytes());
}

TEST(Slot, LivesOnForWhoeverHoldsItsFile) {
  auto pool = Pool::create(kMiB);
  Reference reference = take(*pool, 1);
  slot_in(reference).bytes()[0] = std::byte{9};
  const auto file = slot_in(reference).file();
  reference = {};
  pool.reset();
  std::byte read{};
  ASSERT_EQ(::pread(file->descriptor.get(), &read, 1, 0), 1);
  EXPECT_EQ(read, std::byte{9});
}

TEST(Place, AlignsEveryArrayAndKeepsThemApart) {
  std::vector<Placement> layout;
  const std::vector<ArraySpec> specs{bytes_spec(1), bytes_spec(65), bytes_spec(0), bytes_spec(3)};
  EXPECT_EQ(place(specs, layout), 195u);
  ASSERT_EQ(layout.size(), 4u);
  const std::size_t offsets[] = {0, 64, 192, 192};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(layout[i].offset_bytes, offsets[i]);
    EXPECT_EQ(layout[i].spec, specs[i]);
  }
  EXPECT_EQ(layout[1].capacity_bytes, 65u);
}

TEST(Place, RefusesNothingTooManyAndWhatNoMachineHas) {
  std::vector<Placement> layout;
  EXPECT_THROW(place({}, layout), Error);
  EXPECT_THROW(place(std::vector<ArraySpec>(kMaxArrays + 1, bytes_spec(1)), layout), Error);
  EXPECT_THROW(place(std::vector<ArraySpec>{bytes_spec(-1)}, layout), Error);
  constexpr std::int64_t kHuge = std::int64_t{1} << 61;
  EXPECT_THROW(place(std::vector<ArraySpec>(4, bytes_spec(kHuge)), layout), Error);
  EXPECT_NO_THROW(place(std::vector<ArraySpec>(kMaxArrays, bytes_spec(1)), layout));
}

TEST(SlotBytes, HoldWhatWasAskedForAndWasteLittle) {
  for (std::size_t bytes = 0; bytes < 64 * kMiB; bytes = bytes * 9 / 8 + 1) {
    const std::size_t size = slot_bytes(bytes);
    EXPECT_GE(size, bytes);
    EXPECT_GT(size, 0u);
    EXPECT_EQ(size % page_bytes(), 0u);
    EXPECT_LE(size - bytes, page_bytes() + bytes / 64);
  }
  EXPECT_EQ(slot_bytes(~std::size_t{0}), ~std::size_t{0});
}

TEST(SlotBytes, AreTheSameForNearlyEqualSizes) { EXPECT_EQ(slot_bytes(49'766'400), slot_bytes(49'766'400 + 64)); }

}  // namespace
}  // namespace arraywire::memory
