#include "mpi_messages.hpp"

#include "frame.hpp"
#include "mpi_calls.hpp"
#include "mpi_sender.hpp"

#include <list>
#include <span>
#include <utility>

namespace bench {

namespace {

// A buffer with the persistent request that sends it or fills it.
class Persistent {
 public:
  using Init = int (*)(int rank, int with_tag, std::span<std::byte> bytes, MPI_Request* request);

  Persistent(std::size_t bytes, Init init, int rank, int with_tag) : buffer_(bytes) {
    check_mpi(init(rank, with_tag, buffer_.bytes(), &request_), "make a request");
  }
  ~Persistent() { ::MPI_Request_free(&request_); }
  Persistent(const Persistent&) = delete;
  Persistent& operator=(const Persistent&) = delete;

  static int to_send(int rank, int with_tag, std::span<std::byte> bytes, MPI_Request* request) {
    return ::MPI_Send_init(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, rank, with_tag, MPI_COMM_WORLD, request);
  }
  static int to_receive(int rank, int with_tag, std::span<std::byte> bytes, MPI_Request* request) {
    return ::MPI_Recv_init(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, rank, with_tag, MPI_COMM_WORLD, request);
  }

  std::span<std::byte> bytes() const noexcept { return buffer_.bytes(); }
  void start() { check_mpi(::MPI_Start(&request_), "start"); }
  void wait() { check_mpi(::MPI_Wait(&request_, MPI_STATUS_IGNORE), "wait"); }
  // Of a receive that nothing is sent for.
  void cancel() {
    ::MPI_Cancel(&request_);
    ::MPI_Wait(&request_, MPI_STATUS_IGNORE);
  }

 private:
  WarmBuffer buffer_;
  MPI_Request request_ = MPI_REQUEST_NULL;
};

class MpiReceiver : public FrameReceiver {
 public:
  explicit MpiReceiver(const LinkSetup& setup) {
    for (std::size_t i = 0; i < kBuffers / 2; ++i) {
      buffers_.emplace_back(setup.frame_bytes, Persistent::to_receive, sending_rank(), tag_of(setup, Tag::Frame)).start();
    }
    next_ = buffers_.begin();
  }
  ~MpiReceiver() override {
    for (Persistent& buffer : buffers_) buffer.cancel();
  }

  std::span<const std::byte> receive() override {
    next_->wait();
    return next_->bytes();
  }

  void release() override {
    next_->start();
    if (++next_ == buffers_.end()) next_ = buffers_.begin();
  }

 private:
  std::list<Persistent> buffers_{};
  std::list<Persistent>::iterator next_{};
};

}  // namespace

std::unique_ptr<FrameSender> make_message_sender(const LinkSetup& setup) {
  std::list<Persistent> buffers;
  for (std::size_t i = 0; i < kBuffers / 2; ++i)
    buffers.emplace_back(setup.frame_bytes, Persistent::to_send, receiving_ranks(setup).front(), tag_of(setup, Tag::Frame));
  return std::make_unique<MpiSender<Persistent>>(std::move(buffers));
}

std::unique_ptr<FrameReceiver> make_message_receiver(const LinkSetup& setup) { return std::make_unique<MpiReceiver>(setup); }

}  // namespace bench
