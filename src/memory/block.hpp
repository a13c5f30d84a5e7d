// Payload memory with a process-local reference count: slots and borrowed memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace arraywire::memory {

// Counted by the loan, each zmq message in flight, each lease, each kept or history entry.
// Concurrency: the count is atomic; whoever drops the last reference calls unreferenced(), on any thread, zmq's I/O thread
// included. It is noexcept, takes only a leaf lock, calls no zmq and no user code.
class Block {
 public:
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop() noexcept {
    // release: our reads and writes of the bytes come before; acquire: the last one sees everybody's.
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) unreferenced();
  }

 protected:
  Block() noexcept = default;
  ~Block() = default;
  virtual void unreferenced() noexcept = 0;

 private:
  std::atomic<std::uint32_t> references_{0};
};

// Owns one reference, or nothing.
class Reference {
 public:
  Reference() noexcept = default;
  explicit Reference(Block* block) noexcept : block_(block) {
    if (block_ != nullptr) block_->add_reference();
  }
  Reference(const Reference& other) noexcept : Reference(other.block_) {}
  Reference(Reference&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Reference& operator=(Reference other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Reference() {
    if (block_ != nullptr) block_->drop();
  }
  explicit operator bool() const noexcept { return block_ != nullptr; }
  Block* get() const noexcept { return block_; }
  Block* release() noexcept { return std::exchange(block_, nullptr); }  // gives the reference to the caller, who must drop() it

 private:
  Block* block_ = nullptr;
};

}  // namespace arraywire::memory
