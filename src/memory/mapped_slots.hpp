// A publisher's slots, mapped read-only in a subscriber.
#pragma once

#include "arraywire/result.hpp"
#include "core/ids.hpp"
#include "core/mutex.hpp"
#include "memory/block.hpp"
#include "memory/memfd.hpp"
#include "memory/process.hpp"
#include "memory/slot_receiver.hpp"
#include "memory/waiting.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace arraywire::memory {

struct MapFailure {
  const char* step = "";  // what is wrong with the descriptor, or what was attempted
  int error = 0;          // errno; 0 = the descriptor is not what it should be
};
std::string describe(const MapFailure& failure);

// Checks, before anything is mapped, that the descriptor is memory that cannot change its size or lose its pages, of the size
// that was said; maps it read-only, every page faulted in. Takes time: call it without a lock. The descriptor is closed either
// way.
Result<Mapping, MapFailure> check_and_map(OfferedSlot offered) noexcept;

class UnmapQueue;

// One mapped slot, counted by its table until it is retired there, and by each sample in it.
class MappedSlot final : public Block {
 public:
  std::uint64_t id() const noexcept { return id_; }
  std::span<const std::byte> bytes() const noexcept { return mapping_.bytes(); }

 private:
  friend class MappedSlots;
  friend class UnmapQueue;
  MappedSlot(Id session, std::uint64_t id, Mapping mapping, std::shared_ptr<UnmapQueue> queue) noexcept;
  void unreferenced() noexcept override;

  const Id session_;
  const std::uint64_t id_;
  const Mapping mapping_;
  std::shared_ptr<UnmapQueue> queue_;  // until it is in there
  std::unique_ptr<MappedSlot> next_{};
};

struct UnmappedSlot {
  Id session{};
  std::uint64_t id = 0;
  bool operator==(const UnmappedSlot&) const = default;
};

// Slots that nobody uses any more, waiting for somebody who has the time to unmap them.
// Threads: any; its lock is a leaf. Lifetime: shared by its owner and by every mapped slot. Whoever drops the last slot after the
// owner has gone unmaps it there and then; so does a forked child, whose mappings are its own.
class UnmapQueue {
 public:
  static std::shared_ptr<UnmapQueue> create();  // throws Error when no eventfd can be had
  ~UnmapQueue();
  UnmapQueue(const UnmapQueue&) = delete;
  UnmapQueue& operator=(const UnmapQueue&) = delete;

  int descriptor() const noexcept { return event_.descriptor(); }  // readable while slots wait
  // Unmaps all that wait and appends which. Takes time: call it without a lock. Throws bad_alloc, and then they still wait.
  void unmap_all(std::vector<UnmappedSlot>& unmapped);

 private:
  friend class MappedSlot;
  UnmapQueue() = default;
  void push(std::unique_ptr<MappedSlot> slot) noexcept;
  std::unique_ptr<MappedSlot> pop() noexcept;

  const ProcessMark process_{};
  EventFd event_{};
  Mutex mutex_{};
  std::unique_ptr<MappedSlot> first_ GUARDED_BY(mutex_){};  // linked through themselves, so that pushing cannot fail
  std::size_t count_ GUARDED_BY(mutex_) = 0;
};

// Bytes of a mapped slot, and what keeps them mapped.
struct MappedBytes {
  std::span<const std::byte> bytes{};
  Reference owner{};
};

enum class FindError : std::uint8_t {
  UnknownSlot,
  OutOfSlot,  // bytes past its end
};

// The slots of one session. Threads: one at a time. Cheap, all of it: nothing is mapped or unmapped here. When it goes, every
// slot is retired.
class MappedSlots {
 public:
  MappedSlots(Id session, std::shared_ptr<UnmapQueue> queue) noexcept : session_(session), queue_(std::move(queue)) {}

  // False: there is a slot of that id. Throws bad_alloc.
  bool add(std::uint64_t id, Mapping mapping);
  // Of a message: `size` bytes at `offset`, as the publisher said.
  Result<MappedBytes, FindError> find(std::uint64_t id, std::uint64_t offset, std::uint64_t size) const noexcept;
  // Nobody finds it any more; when the last sample in it is gone, it is in the queue. False: there is no such slot.
  bool retire(std::uint64_t id) noexcept;
  std::size_t size() const noexcept { return slots_.size(); }

 private:
  struct Entry {
    std::uint64_t id = 0;
    Reference slot{};
  };
  const Id session_;
  const std::shared_ptr<UnmapQueue> queue_;
  std::vector<Entry> slots_{};
};

}  // namespace arraywire::memory
