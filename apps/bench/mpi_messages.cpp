#include "mpi_messages.hpp"

#include "frame.hpp"
#include "mpi_calls.hpp"

#include <algorithm>
#include <array>
#include <list>
#include <span>
#include <vector>

namespace bench {

namespace {

// Whether a receiver copies out of the sender's memory by itself. Otherwise (process_vm_readv is not allowed, as in some
// containers) a message goes over piece by piece, for which the sender has to be within MPI.
bool receivers_copy() {
  constexpr char kVariable[] = "btl_vader_single_copy_mechanism";
  constexpr std::array kByThemselves{0, 1, 2};  // xpmem, CMA, KNEM
  int provided = 0;
  int index = 0;
  int count = 0;
  int mechanism = -1;
  MPI_T_cvar_handle handle = nullptr;
  check_mpi(::MPI_T_init_thread(MPI_THREAD_SINGLE, &provided), "ask about MPI");
  if (::MPI_T_cvar_get_index(kVariable, &index) == MPI_SUCCESS &&
      ::MPI_T_cvar_handle_alloc(index, nullptr, &handle, &count) == MPI_SUCCESS) {
    ::MPI_T_cvar_read(handle, &mechanism);
    ::MPI_T_cvar_handle_free(&handle);
  }
  ::MPI_T_finalize();
  return std::ranges::find(kByThemselves, mechanism) != kByThemselves.end();
}

// A buffer with the persistent requests that send it or fill it.
class Persistent {
 public:
  explicit Persistent(std::size_t bytes) : buffer_(bytes) {}
  ~Persistent() {
    for (MPI_Request& request : requests_) ::MPI_Request_free(&request);
  }
  Persistent(const Persistent&) = delete;
  Persistent& operator=(const Persistent&) = delete;

  std::span<std::byte> bytes() const noexcept { return buffer_.bytes(); }
  void send_to(int rank, int with_tag) { add(::MPI_Send_init, rank, with_tag); }
  void receive_from(int rank, int with_tag) { add(::MPI_Recv_init, rank, with_tag); }
  void start() { check_mpi(::MPI_Startall(count(), requests_.data()), "start"); }
  void wait() { check_mpi(::MPI_Waitall(count(), requests_.data(), MPI_STATUSES_IGNORE), "wait"); }
  // Of a receive that nothing is sent for.
  void cancel() {
    for (MPI_Request& request : requests_) ::MPI_Cancel(&request);
    ::MPI_Waitall(count(), requests_.data(), MPI_STATUSES_IGNORE);
  }

 private:
  template <typename Init> void add(Init init, int rank, int with_tag) {
    MPI_Request request = MPI_REQUEST_NULL;
    const auto size = static_cast<int>(buffer_.bytes().size());
    check_mpi(init(buffer_.bytes().data(), size, MPI_BYTE, rank, with_tag, MPI_COMM_WORLD, &request), "make a request");
    requests_.push_back(request);
  }
  int count() const noexcept { return static_cast<int>(requests_.size()); }

  WarmBuffer buffer_;
  std::vector<MPI_Request> requests_{};
};

class MpiSender : public FrameSender {
 public:
  explicit MpiSender(const LinkSetup& setup) {
    for (std::size_t i = 0; i < kBuffers; ++i) {
      Persistent& buffer = buffers_.emplace_back(setup.frame_bytes);
      for (const int rank : receiving_ranks(setup)) buffer.send_to(rank, tag_of(setup, Tag::Frame));
    }
    next_ = buffers_.begin();
  }

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
  const bool receivers_copy_ = receivers_copy();
  std::list<Persistent> buffers_{};
  std::list<Persistent>::iterator next_{};
};

class MpiReceiver : public FrameReceiver {
 public:
  explicit MpiReceiver(const LinkSetup& setup) {
    for (std::size_t i = 0; i < kBuffers; ++i) {
      Persistent& buffer = buffers_.emplace_back(setup.frame_bytes);
      buffer.receive_from(sending_rank(), tag_of(setup, Tag::Frame));
      buffer.start();
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

std::unique_ptr<FrameSender> make_message_sender(const LinkSetup& setup) { return std::make_unique<MpiSender>(setup); }

std::unique_ptr<FrameReceiver> make_message_receiver(const LinkSetup& setup) { return std::make_unique<MpiReceiver>(setup); }

}  // namespace bench
