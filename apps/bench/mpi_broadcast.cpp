#include "mpi_broadcast.hpp"

#include "frame.hpp"
#include "mpi_calls.hpp"
#include "mpi_sender.hpp"

#include <exception>
#include <list>
#include <span>
#include <utility>

namespace bench {

namespace {

// All but the one that receivers have.
constexpr std::size_t kSenderBuffers = kBuffers - 1;

// A buffer, and the broadcast that it takes part in. Every rank has to begin its broadcasts in the same order.
class Broadcast {
 public:
  explicit Broadcast(std::size_t bytes) : buffer_(bytes) {}
  ~Broadcast() {
    // It cannot be given up. When something has failed, it may never end; MPI_Abort follows.
    if (std::uncaught_exceptions() == 0) ::MPI_Wait(&request_, MPI_STATUS_IGNORE);
  }
  Broadcast(const Broadcast&) = delete;
  Broadcast& operator=(const Broadcast&) = delete;

  std::span<std::byte> bytes() const noexcept { return buffer_.bytes(); }
  void start() {
    const auto memory = buffer_.bytes();
    const auto size = static_cast<int>(memory.size());
    check_mpi(::MPI_Ibcast(memory.data(), size, MPI_BYTE, kProducerRank, MPI_COMM_WORLD, &request_), "broadcast");
  }
  void wait() { check_mpi(::MPI_Wait(&request_, MPI_STATUS_IGNORE), "wait"); }

 private:
  WarmBuffer buffer_;
  MPI_Request request_ = MPI_REQUEST_NULL;
};

// Begins a broadcast when it waits for one, not ahead: one that never comes could not be cancelled.
class BroadcastReceiver : public FrameReceiver {
 public:
  explicit BroadcastReceiver(const LinkSetup& setup) : buffer_(setup.frame_bytes) {}

  std::span<const std::byte> receive() override {
    buffer_.start();
    buffer_.wait();
    return buffer_.bytes();
  }
  void release() override {}

 private:
  Broadcast buffer_;
};

}  // namespace

std::unique_ptr<FrameSender> make_broadcast_sender(const LinkSetup& setup) {
  std::list<Broadcast> buffers;
  for (std::size_t i = 0; i < kSenderBuffers; ++i) buffers.emplace_back(setup.frame_bytes);
  return std::make_unique<MpiSender<Broadcast>>(std::move(buffers));
}

std::unique_ptr<FrameReceiver> make_broadcast_receiver(const LinkSetup& setup) {
  return std::make_unique<BroadcastReceiver>(setup);
}

}  // namespace bench
