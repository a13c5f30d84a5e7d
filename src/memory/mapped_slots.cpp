#include "memory/mapped_slots.hpp"

#include "arraywire/error.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

namespace arraywire::memory {
namespace {

using Failure = std::optional<MapFailure>;

Failure refused(const char* why) noexcept { return MapFailure{.step = why, .error = 0}; }
Failure failed(const char* step, int error) noexcept { return MapFailure{.step = step, .error = error}; }

// Size and pages cannot go under our feet (SIGBUS), and nobody but the publisher, with the mapping that it has, can write.
Failure check_seals(int fd) noexcept {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0) return refused("not a memfd");
  constexpr int kNeeded = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  const bool cannot_be_written = (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0;
  return (seals & kNeeded) == kNeeded && cannot_be_written ? std::nullopt : refused("not sealed");
}

Failure check(int fd, std::uint64_t bytes) noexcept {
  // Seals first: they alone tell a memfd from all else, and asking for them touches nothing.
  if (auto failure = check_seals(fd)) return failure;
  struct statfs system {};
  if (::fstatfs(fd, &system) != 0) return failed("fstatfs", errno);
  if (system.f_type != TMPFS_MAGIC) return refused("a memfd of huge pages");  // which unmaps in whole ones only
  struct stat status {};
  if (::fstat(fd, &status) != 0) return failed("fstat", errno);
  if (!S_ISREG(status.st_mode)) return refused("not a regular memfd");
  constexpr std::uint64_t kMost = std::numeric_limits<std::ptrdiff_t>::max();
  if (bytes == 0 || bytes > kMost || static_cast<std::uint64_t>(status.st_size) != bytes)
    return refused("not of the size that was said");
  // Pages that are missing would be allocated on our account, and beyond our cgroup's limit that ends with the OOM killer.
  if (static_cast<std::uint64_t>(status.st_blocks) < (bytes + 511) / 512) return refused("not allocated in full");
  return std::nullopt;
}

// Faults every page in now: a frame's first reader would pay for it otherwise.
Failure populate(std::span<std::byte> bytes) noexcept {
  for (;;) {
    if (::madvise(bytes.data(), bytes.size(), MADV_POPULATE_READ) == 0) return std::nullopt;
    if (errno == EINVAL) break;  // before Linux 5.14
    if (errno != EAGAIN && errno != EINTR) return failed("madvise MADV_POPULATE_READ", errno);
  }
  // The pages exist and cannot go: touching them cannot fail.
  for (std::size_t at = 0; at < bytes.size(); at += page_bytes()) {
    [[maybe_unused]] const std::byte touched = *const_cast<const volatile std::byte*>(&bytes[at]);
  }
  return std::nullopt;
}

}  // namespace

std::string describe(const MapFailure& failure) {
  const std::string what = std::string("mapping a slot: ") + failure.step;
  return failure.error == 0 ? what : what + ": " + std::strerror(failure.error);
}

Result<Mapping, MapFailure> check_and_map(OfferedSlot offered) noexcept {
  const int fd = offered.descriptor.get();
  if (const auto failure = check(fd, offered.bytes)) return *failure;
  const auto bytes = static_cast<std::size_t>(offered.bytes);
  void* start = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
  if (start == MAP_FAILED) return *failed("mmap", errno);
  Mapping mapping(start, bytes);
  if (const auto failure = populate(mapping.bytes())) return *failure;
  return Result<Mapping, MapFailure>(std::move(mapping));
}

MappedSlot::MappedSlot(Id session, std::uint64_t id, Mapping mapping, std::shared_ptr<UnmapQueue> queue) noexcept
    : session_(session), id_(id), mapping_(std::move(mapping)), queue_(std::move(queue)) {}

// Runs once: nobody can find a slot that its table does not count. When nobody else has the queue, it dies at the end of this
// function with us in it: nothing of us is touched afterwards.
void MappedSlot::unreferenced() noexcept {
  const std::shared_ptr<UnmapQueue> queue = std::move(queue_);
  queue->push(std::unique_ptr<MappedSlot>(this));
}

std::shared_ptr<UnmapQueue> UnmapQueue::create() { return std::shared_ptr<UnmapQueue>(new UnmapQueue); }

UnmapQueue::~UnmapQueue() {
  if (!process_.is_own()) return;  // the lock may be held by a thread that is not here
  while (pop()) continue;
}

// The event is set under the lock: unmap_all, which clears it there, cannot take it for slots that it has not seen.
void UnmapQueue::push(std::unique_ptr<MappedSlot> slot) noexcept {
  if (!process_.is_own()) return;
  Lock lock(mutex_);
  slot->next_ = std::move(first_);
  first_ = std::move(slot);
  ++count_;
  event_.set();
}

std::unique_ptr<MappedSlot> UnmapQueue::pop() noexcept {
  Lock lock(mutex_);
  std::unique_ptr<MappedSlot> slot = std::move(first_);
  if (!slot) return nullptr;
  first_ = std::move(slot->next_);
  --count_;
  return slot;
}

void UnmapQueue::unmap_all(std::vector<UnmappedSlot>& unmapped) {
  std::size_t count = 0;
  {
    Lock lock(mutex_);
    unmapped.reserve(unmapped.size() + count_);
    count = count_;
    event_.clear();
  }
  for (; count > 0; --count) {
    const std::unique_ptr<MappedSlot> slot = pop();  // nobody else takes any out, unless two threads unmap
    if (!slot) return;
    unmapped.push_back({.session = slot->session_, .id = slot->id_});
  }
}

bool MappedSlots::add(std::uint64_t id, Mapping mapping) {
  if (std::any_of(slots_.begin(), slots_.end(), [&](const Entry& entry) { return entry.id == id; })) return false;
  slots_.reserve(slots_.size() + 1);
  slots_.push_back({.id = id, .slot = Reference(new MappedSlot(session_, id, std::move(mapping), queue_))});
  return true;
}

Result<MappedBytes, FindError> MappedSlots::find(std::uint64_t id, std::uint64_t offset, std::uint64_t size) const noexcept {
  const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const Entry& entry) { return entry.id == id; });
  if (found == slots_.end()) return FindError::UnknownSlot;
  const auto bytes = static_cast<const MappedSlot*>(found->slot.get())->bytes();
  if (offset > bytes.size() || size > bytes.size() - offset) return FindError::OutOfSlot;
  return MappedBytes{.bytes = bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size)),
                     .owner = found->slot};
}

bool MappedSlots::retire(std::uint64_t id) noexcept {
  const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const Entry& entry) { return entry.id == id; });
  if (found == slots_.end()) return false;
  slots_.erase(found);
  return true;
}

}  // namespace arraywire::memory
