#include "memory/borrowed.hpp"

#include "arraywire/error.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
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

std::shared_ptr<ReleaseQueue> ReleaseQueue::create() {
  Descriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) throw Error(ErrorCode::System, std::string("the queue of free callbacks: eventfd: ") + std::strerror(errno));
  return std::shared_ptr<ReleaseQueue>(new ReleaseQueue(std::move(event)));
}
ReleaseQueue::ReleaseQueue(Descriptor event) : event_(std::move(event)) {}
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

// The eventfd is written and read only under the lock, and only when the list stops or starts to be empty: it is readable exactly
// while callbacks wait.
void ReleaseQueue::push(BorrowedBlock& block) noexcept {
  if (!process_.is_own()) return;
  Lock lock(mutex_);
  const bool first = waiting_.first == nullptr;
  waiting_.push(block);
  const std::uint64_t one = 1;
  if (first) [[maybe_unused]]
    const auto written = ::write(event_.get(), &one, sizeof one);
}

ReleaseQueue::BorrowedBlock* ReleaseQueue::pop_waiting() noexcept {
  Lock lock(mutex_);
  BorrowedBlock* const block = waiting_.pop();
  std::uint64_t count = 0;
  if (block != nullptr && waiting_.first == nullptr) {
    [[maybe_unused]] const auto drained = ::read(event_.get(), &count, sizeof count);
  }
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
