// Someone else's memory with a free callback, and the queue on which callbacks wait to be run off zmq's threads.
#pragma once

#include "arraywire/loan.hpp"
#include "memory/block.hpp"

#include <cstddef>
#include <memory>

namespace arraywire::memory {

// Blocks whose last reference is gone, waiting for somebody who may run user code. Blocks are recycled: no allocation once warm.
// Threads: any; its lock is a leaf. Lifetime: shared by the service and by every block in use.
class ReleaseQueue : public std::enable_shared_from_this<ReleaseQueue> {
 public:
  static std::shared_ptr<ReleaseQueue> create();  // throws Error when no eventfd can be had
  ~ReleaseQueue();                                // runs what is left

  // A block with one reference. When the last reference is dropped, run_callbacks() will run `callback`, once.
  Reference borrow(FreeCallback callback);
  int descriptor() const noexcept;  // readable while callbacks wait
  void run_callbacks() noexcept;    // runs user code: never call it with a lock held
};

}  // namespace arraywire::memory
