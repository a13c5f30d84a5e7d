#include "memory/borrowed.hpp"

#include <utility>

namespace arraywire::memory {

// Idle, lent or waiting; its queue owns it always. Only a lent one keeps its queue alive, so there is no cycle.
class ReleaseQueue::BorrowedBlock final : public Block {
 public:
  // Nobody else has the block in either call: what they write needs no lock.
  void lend(FreeCallback callback, std::shared_ptr<ReleaseQueue> queue) noexcept {
    callback_ = callback;
    queue_ = std::move(queue);
  }
  void forget() noexcept { callback_ = {}; }
  void run() noexcept {
    const FreeCallback callback = std::exchange(callback_, {});
    if (callback.run != nullptr) callback.run(callback.hint);
  }

 private:
  friend struct ReleaseQueue::List;
  // The queue may die at the end of this function, this block with it, if it was its last owner.
  void unreferenced() noexcept override {
    const std::shared_ptr<ReleaseQueue> queue = std::move(queue_);
    queue->push(*this);
  }

  FreeCallback callback_{};
  std::shared_ptr<ReleaseQueue> queue_{};
  BorrowedBlock* next_ = nullptr;  // in the list it is in; guarded by the queue's lock
};

void ReleaseQueue::List::push(BorrowedBlock& block) noexcept {
  block.next_ = nullptr;
  (last == nullptr ? first : last->next_) = &block;
  last = &block;
}
ReleaseQueue::BorrowedBlock* ReleaseQueue::List::pop() noexcept {
  BorrowedBlock* const block = first;
  if (block == nullptr) return nullptr;
  first = block->next_;
  if (first == nullptr) last = nullptr;
  return block;
}

std::shared_ptr<ReleaseQueue> ReleaseQueue::create() { return std::shared_ptr<ReleaseQueue>(new ReleaseQueue); }
ReleaseQueue::ReleaseQueue() = default;
ReleaseQueue::~ReleaseQueue() { run_callbacks(); }

Reference ReleaseQueue::borrow(FreeCallback callback) {
  BorrowedBlock& block = idle_block();
  block.lend(callback, shared_from_this());
  return Reference(&block);
}

void ReleaseQueue::take_back(const Reference& block) noexcept { static_cast<BorrowedBlock*>(block.get())->forget(); }

ReleaseQueue::BorrowedBlock& ReleaseQueue::idle_block() {
  Lock lock(mutex_);
  if (BorrowedBlock* const idle = idle_.pop()) return *idle;
  blocks_.push_back(std::make_unique<BorrowedBlock>());
  return *blocks_.back();
}

// The event is set and cleared only under the lock, and only when the list stops or starts to be empty: it is readable exactly
// while callbacks wait.
void ReleaseQueue::push(BorrowedBlock& block) noexcept {
  if (!process_.is_own()) return;
  Lock lock(mutex_);
  const bool first = waiting_.first == nullptr;
  waiting_.push(block);
  if (first) event_.set();
}

ReleaseQueue::BorrowedBlock* ReleaseQueue::pop_waiting() noexcept {
  Lock lock(mutex_);
  BorrowedBlock* const block = waiting_.pop();
  if (block != nullptr && waiting_.first == nullptr) event_.clear();
  return block;
}

// Popped under the lock, so each runs once however many threads are here; run without it, so a callback may take as long as it
// likes.
void ReleaseQueue::run_callbacks() noexcept {
  if (!process_.is_own()) return;
  while (BorrowedBlock* const block = pop_waiting()) {
    block->run();
    Lock lock(mutex_);
    idle_.push(*block);
  }
}

}  // namespace arraywire::memory
