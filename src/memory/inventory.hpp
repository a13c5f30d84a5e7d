// The books of a pool: which slots there are, who may have which one next, and what counts against the limit.
#pragma once

#include "memory/slot.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace arraywire::memory {

// Slots that left the books. Their owner destroys them without the pool's lock (unmapping takes time) and then reports
// `uncount_bytes` to Inventory::uncount: until then they count, so that nobody overshoots.
struct Removal {
  std::unique_ptr<Slot> first{};  // linked through themselves, so that removing cannot fail
  std::size_t uncount_bytes = 0;
  bool retired = false;  // sessions have some of them: collect_retired has something to tell
};

// What an attempt to create a slot ran into.
struct Shortage {
  bool happened = false;
  std::size_t backing_bytes = std::numeric_limits<std::size_t>::max();  // what the machine could still back
};

// No locks and no system calls: every function is called under the pool's lock. Scans are linear: a slot costs a descriptor, so
// there are hundreds of them, not millions.
class Inventory {
 public:
  explicit Inventory(std::size_t limit_bytes) noexcept : limit_bytes_(limit_bytes) {}

  // A take begins. Returns free slots that would have suited none of the last kUnusedTakes takes: arrays shrank or grew. Spares
  // of a size in use stay, because creating one costs far more than keeping it within the limit.
  void begin_take(Removal& removal) noexcept;

  // The smallest free slot that suits: at least `size`, at most 2 * size + 64 KiB. Marked used. Null = none.
  Slot* take_suitable(std::size_t size) noexcept;
  // The smallest free slot that is large enough, however large. Marked used. Null = none.
  Slot* take_any(std::size_t size) noexcept;

  // Counts `size` bytes for a slot about to be created and returns its id; 0 = no room. Room is made, if that suffices, by
  // removing free slots, those unwanted for longest first. After a shortage at least one must go.
  std::uint64_t count_new(std::size_t size, const Shortage& shortage, Removal& removal) noexcept;
  void uncount(std::size_t bytes) noexcept { counted_bytes_ -= bytes; }
  Slot* add(std::unique_ptr<Slot> slot, bool used, bool reserved);  // counted before
  // Removes free slots that sessions still have: their bytes come back when the sessions have unmapped them.
  void retire_for(std::size_t size, const Shortage& shortage, Removal& removal) noexcept;
  // Whether a slot of `size` can be had once everybody gives back what they have.
  bool may_come(std::size_t size, const Shortage& shortage) const noexcept;

  void put_back(Slot& slot) noexcept;
  // Undoes add() of a reserved slot: removed if it is free, else an ordinary slot from now on.
  void unreserve(Slot& slot, Removal& removal) noexcept;

  std::shared_ptr<const SlotFile> hand_over(Slot& slot) noexcept;
  std::vector<std::shared_ptr<const SlotFile>> hand_over_all();
  bool unmapped(std::uint64_t id) noexcept;  // true: bytes came back
  void collect_retired(std::vector<std::uint64_t>& ids);

  std::size_t limit_bytes() const noexcept { return limit_bytes_; }
  std::size_t counted_bytes() const noexcept { return counted_bytes_; }
  std::size_t reserved_bytes() const noexcept;
  std::size_t slots() const noexcept { return slots_.size(); }
  std::size_t slots_in_use() const noexcept { return used_; }

 private:
  static constexpr std::uint64_t kUnusedTakes = 64;
  // A slot that is gone here, and that sessions still have.
  struct Retired {
    std::uint64_t id = 0;
    std::size_t bytes = 0;
    std::uint32_t sessions = 0;
  };

  void use(Slot& slot) noexcept;
  void remove(std::size_t index, Removal& removal) noexcept;
  std::size_t bytes_to_free(std::size_t size, const Shortage& shortage) const noexcept;
  std::size_t longest_unwanted(bool handed_over) const noexcept;  // slots_.size() = none

  const std::size_t limit_bytes_;
  std::size_t counted_bytes_ = 0;  // slots, slots being created or destroyed, retired slots
  std::size_t used_ = 0;
  std::uint64_t takes_ = 0;
  std::uint64_t last_id_ = 0;
  std::vector<std::unique_ptr<Slot>> slots_{};
  std::vector<Retired> retired_{};  // add() keeps room in it, and in the next, for every slot there is
  std::vector<std::uint64_t> retired_unannounced_{};
};

}  // namespace arraywire::memory
