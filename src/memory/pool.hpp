// A publisher's slots.
#pragma once

#include "arraywire/result.hpp"
#include "core/mutex.hpp"
#include "memory/inventory.hpp"
#include "memory/limits.hpp"
#include "memory/process.hpp"
#include "memory/slot.hpp"
#include "memory/waiters.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace arraywire::memory {

enum class PoolError : std::uint8_t {
  Exhausted,  // at the limit, and no free slot
  TooLarge,   // more than the limit, or than memory and cgroups can back now, and no waiting helps
  Stopped,
};

// Reuse by best fit; grows when arrays grow; slots that were not wanted for a while because arrays shrank are given back.
// Ownership: shared by the publisher and every slot in use: the last of them unmaps everything.
// Threads: any. Its lock is a leaf: nothing else is locked or called under it. Slots are created and destroyed outside it; their
// bytes are counted against the limit before and until after, so that concurrent takes cannot overshoot.
// Allocation: none in take and drop, once there are enough slots.
// In a forked child slots that are dropped stay with the parent's pool, and nothing is taken.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  static std::shared_ptr<Pool> create(
      std::size_t max_bytes);  // 0 = default_limit_bytes(); rounded up to whole pages. Throws Error
  ~Pool();

  // A slot of at least `bytes`, with one reference. Waits up to `timeout` for one to come free; `stop_fd` readable ends the wait
  // (-1 = none). Throws Error{System} when the system refuses a new slot for want of anything but memory, and none will come
  // free.
  Result<Reference, PoolError> take(std::size_t bytes, std::chrono::nanoseconds timeout, int stop_fd);
  // Creates `slots` slots of exactly this use now and never gives them back. All or nothing. Throws Error{NoMemory} or {System}.
  void reserve(std::size_t bytes, std::size_t slots);

  // Hand-over. Each call counts one session as having the slot; unmapped() takes that back. A slot that sessions have still
  // counts against the limit after it was given back here, until the last of them has unmapped it.
  std::shared_ptr<const SlotFile> hand_over(Slot& slot);         // the caller holds a reference to it
  std::vector<std::shared_ptr<const SlotFile>> hand_over_all();  // every slot there is, once each
  void unmapped(std::uint64_t slot_id) noexcept;                 // one session has unmapped it, or ended
  void collect_retired(std::vector<std::uint64_t>& ids);         // appends slots gone since the last call that sessions have
  // Readable while there are such slots: a take may be waiting for the sessions to unmap them.
  int retired_descriptor() const noexcept { return retired_.descriptor(); }

  std::size_t limit_bytes() const noexcept;
  std::size_t bytes() const;  // counted against the limit now: slots free and used, and given-back ones that sessions still have
  std::size_t slots() const;  // free and used
  std::size_t slots_in_use() const;

 private:
  friend class Slot;
  class Waiting;
  struct Attempt;

  explicit Pool(std::size_t limit_bytes);
  void put_back(Slot& slot) noexcept;
  std::size_t size_for(std::size_t bytes) const noexcept;
  Result<Reference, PoolError> take_before(SteadyTime deadline, std::size_t size, int stop_fd);
  void begin_take();
  Result<Slot*, PoolError> try_take(std::size_t size);
  Attempt attempt(std::size_t size, const Shortage& shortage);
  Result<Slot*, MemfdFailure> create_slot(std::uint64_t id, std::size_t size, bool reserved);
  Slot* create_reserved(std::size_t size);
  void destroy(Removal&& removal) noexcept;

  const ProcessMark process_{};
  const std::size_t limit_bytes_;
  EventFd retired_{};
  mutable Mutex mutex_;
  Inventory inventory_ GUARDED_BY(mutex_);
  Waiters waiters_ GUARDED_BY(mutex_);
};

}  // namespace arraywire::memory
