// One block of payload memory, and where the arrays of a message lie in it.
#pragma once

#include "arraywire/array_view.hpp"
#include "memory/block.hpp"
#include "memory/memfd.hpp"

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

// Bytes that a slot for these arrays needs, and where each lies. Throws Error for an invalid spec, none, or more than kMaxArrays.
std::size_t place(std::span<const ArraySpec> specs, std::vector<Placement>& layout);

// Bytes that a slot counts against a limit when it must hold `bytes`: whole pages, and steps of 1/64 beyond 4 KiB * 64, so that
// nearly equal sizes share slots. At most 1.6 % more than asked for, never 0. Saturates instead of overflowing.
std::size_t slot_bytes(std::size_t bytes) noexcept;

// What a session gets of a slot. Shared: the memory lives on while anybody who hands it over still holds this.
struct SlotFile {
  std::uint64_t id = 0;
  std::size_t bytes = 0;
  Descriptor descriptor{};  // of the memfd; sealed SHRINK, GROW, FUTURE_WRITE, SEAL
};

// One sealed memfd, allocated in full and faulted in when it is created, mapped at one address for its life.
// A free slot has no references and belongs to its pool; a used one keeps its pool alive.
class Slot final : public Block {
 public:
  std::uint64_t id() const noexcept { return file_->id; }                   // unique in its pool, from 1, never reused
  std::span<std::byte> bytes() const noexcept { return mapping_.bytes(); }  // the whole slot
  int descriptor() const noexcept { return file_->descriptor.get(); }       // of the memfd
  const std::shared_ptr<const SlotFile>& file() const noexcept { return file_; }
  // Of the message in it: empty when taken, written by its one loan, read-only once published.
  std::vector<Placement>& layout() noexcept { return layout_; }

 private:
  friend class Pool;
  friend class Inventory;
  Slot(std::uint64_t id, Memfd memfd);
  void unreferenced() noexcept override;

  std::shared_ptr<const SlotFile> file_;
  Mapping mapping_;
  std::vector<Placement> layout_{};
  // Written by take before anybody else has the slot and by whoever dropped the last reference: never two at once.
  std::shared_ptr<Pool> pool_{};

  // The pool's notes: only its inventory touches them, under the pool's lock.
  std::unique_ptr<Slot> next_{};   // the next of those removed together
  std::uint64_t wanted_ = 0;       // the last take that it would have suited
  std::uint32_t handed_over_ = 0;  // sessions that have it
  bool used_ = false;
  bool reserved_ = false;
};

}  // namespace arraywire::memory
