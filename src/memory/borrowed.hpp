// Someone else's memory with a free callback, and the queue on which callbacks wait to be run off zmq's threads.
#pragma once

#include "arraywire/free_callback.hpp"
#include "core/mutex.hpp"
#include "memory/block.hpp"
#include "memory/process.hpp"
#include "memory/waiting.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace arraywire::memory {

// Blocks whose last reference is gone, waiting for somebody who may run user code. Blocks are recycled: no allocation once warm.
// Threads: any; its lock is a leaf. Lifetime: shared by the service and by every block in use. If a block outlives every other
// owner, dropping it destroys the queue, and its callback runs there and then: there is nobody else left to run it. In a forked
// child it runs nothing: what was lent is given back in the parent.
class ReleaseQueue : public std::enable_shared_from_this<ReleaseQueue> {
 public:
  static std::shared_ptr<ReleaseQueue> create();  // throws Error when no eventfd can be had
  ~ReleaseQueue();                                // runs what is left

  // A block with one reference. When the last reference is dropped, run_callbacks() will run `callback`, once. When this throws
  // (no memory), the callback is still the caller's.
  Reference borrow(FreeCallback callback);
  // The callback is the caller's again: dropping this block, of which the caller has the only reference, runs nothing.
  static void take_back(const Reference& block) noexcept;
  int descriptor() const noexcept { return event_.descriptor(); }  // readable while callbacks wait
  void run_callbacks() noexcept;                                   // runs user code: never call it with a lock held

 private:
  class BorrowedBlock;
  // Blocks linked through themselves, so that pushing one allocates nothing. First in, first out.
  struct List {
    BorrowedBlock* first = nullptr;
    BorrowedBlock* last = nullptr;
    void push(BorrowedBlock& block) noexcept;
    BorrowedBlock* pop() noexcept;
  };

  ReleaseQueue();
  void push(BorrowedBlock& block) noexcept;
  BorrowedBlock* pop_waiting() noexcept;
  BorrowedBlock& idle_block();

  const ProcessMark process_{};
  EventFd event_{};
  Mutex mutex_;
  std::vector<std::unique_ptr<BorrowedBlock>> blocks_ GUARDED_BY(mutex_);
  List waiting_ GUARDED_BY(mutex_);
  List idle_ GUARDED_BY(mutex_);
};

}  // namespace arraywire::memory
