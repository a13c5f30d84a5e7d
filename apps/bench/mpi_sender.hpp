// Sends from its buffers in turn, each when MPI is done with it.
#pragma once

#include "mpi_calls.hpp"

#include <list>
#include <span>
#include <utility>

namespace bench {

// Buffer: bytes(), start() to send them, wait() until that is done.
template <class Buffer> class MpiSender : public FrameSender {
 public:
  explicit MpiSender(std::list<Buffer> buffers) : buffers_(std::move(buffers)) {}

  void wait_for_receivers() override {}  // MPI_Init has

  std::span<std::byte> room() override {
    next_->wait();
    return next_->bytes();
  }

  void send() override {
    next_->start();
    if (!receivers_copy_) next_->wait();
    if (++next_ == buffers_.end()) next_ = buffers_.begin();
  }

  std::vector<pid_t> daemons() const override { return mpi_daemons(); }

 private:
  const bool receivers_copy_ = receivers_copy_by_themselves();
  std::list<Buffer> buffers_;
  std::list<Buffer>::iterator next_ = buffers_.begin();
};

}  // namespace bench
