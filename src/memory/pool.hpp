// A publisher's slots.
#pragma once

#include "arraywire/array_view.hpp"
#include "arraywire/result.hpp"
#include "memory/block.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace arraywire::memory {

class Pool;

// Where one array lies in a slot.
struct Placement {
  ArraySpec spec{};
  std::size_t offset_bytes = 0;    // a multiple of kArrayAlignmentBytes
  std::size_t capacity_bytes = 0;  // of the array as loaned; a respec must fit it
};

// One block of payload memory: one sealed memfd, allocated in full and faulted in when it is created, mapped at one address
// for its life. A free slot has no references and belongs to its pool; a used one keeps its pool alive.
class Slot final : public Block {
 public:
  std::uint64_t id() const noexcept;        // unique in its pool, from 1, never reused
  std::span<std::byte> bytes() const noexcept;  // the whole slot
  int descriptor() const noexcept;          // of the memfd; sealed SHRINK, GROW, FUTURE_WRITE, SEAL
  std::vector<Placement>& layout() noexcept;  // of the message in it: written by its one loan, read-only once published
 private: /* the implementer's */
};

enum class PoolError : std::uint8_t {
  Exhausted,  // at the limit, and no free slot
  TooLarge,   // more than the limit, or than memory and cgroups can back now
  Stopped,
};

// Bytes that a slot for these arrays needs, and where each lies. Throws Error for an invalid spec, none, or more than kMaxArrays.
std::size_t place(std::span<const ArraySpec> specs, std::vector<Placement>& layout);

// Reuse by best fit; grows when arrays grow; slots that were not used for a while because arrays shrank are given back.
// Threads: any. Its lock is a leaf: nothing else is locked or called under it, except memfd creation, which is outside it.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  static std::shared_ptr<Pool> create(std::size_t max_bytes);  // 0 = default_limit_bytes()
  ~Pool();

  // A slot of at least `bytes`, with one reference. Waits up to `timeout` for one to come free. `stop_fd` readable = Stopped.
  Result<Reference, PoolError> take(std::size_t bytes, std::chrono::nanoseconds timeout, int stop_fd);
  // Creates `slots` slots of exactly this use now and never gives them back. Throws Error{NoMemory}.
  void reserve(std::size_t bytes, std::size_t slots);

  std::size_t limit_bytes() const noexcept;
  std::size_t bytes() const;  // in slots now, free and used
  std::size_t slots() const;
  std::size_t slots_in_use() const;
};

// A quarter of RAM or of the tightest memory cgroup above us, the lesser.
std::size_t default_limit_bytes();
// What can be allocated now without the OOM killer: MemAvailable and every memory cgroup above us, whichever is least.
std::size_t available_bytes();

}  // namespace arraywire::memory
