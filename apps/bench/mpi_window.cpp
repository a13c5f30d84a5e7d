#include "mpi_window.hpp"

#include "frame.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace bench {

namespace {

std::byte* frames_of(const MpiWindow& window, int rank, const LinkSetup& setup) {
  const auto memory = window.memory_of(rank);
  if (memory.size() < kBuffers * setup.frame_bytes) throw std::invalid_argument("the window has no room for such frames");
  return memory.data();
}

// A message says by its number alone that there is, or that one is done with, one frame more.
void tell(int rank, int with_tag) {
  check_mpi(::MPI_Send(nullptr, 0, MPI_BYTE, rank, with_tag, MPI_COMM_WORLD), "tell another rank");
}

int be_told(int rank, int with_tag) {
  MPI_Status status;
  check_mpi(::MPI_Recv(nullptr, 0, MPI_BYTE, rank, with_tag, MPI_COMM_WORLD, &status), "be told");
  return status.MPI_SOURCE;
}

class WindowSender : public FrameSender {
 public:
  WindowSender(const LinkSetup& setup, const MpiWindow& window)
      : frame_bytes_(setup.frame_bytes),
        window_(window),
        memory_(frames_of(window, own_rank(), setup)),
        receivers_(receiving_ranks(setup)),
        done_(receivers_.size()),
        frame_tag_(tag_of(setup, Tag::Frame)),
        done_tag_(tag_of(setup, Tag::Done)) {}

  void wait_for_receivers() override {}  // MPI_Init has

  std::span<std::byte> room() override {
    while (sent_ - *std::ranges::min_element(done_) >= kBuffers) {
      const int rank = be_told(MPI_ANY_SOURCE, done_tag_);
      ++done_.at(static_cast<std::size_t>(std::ranges::find(receivers_, rank) - receivers_.begin()));
    }
    return {memory_ + sent_ % kBuffers * frame_bytes_, frame_bytes_};
  }

  void send() override {
    window_.sync();
    for (const int rank : receivers_) tell(rank, frame_tag_);
    ++sent_;
  }

  std::vector<pid_t> daemons() const override { return mpi_daemons(); }

 private:
  const std::size_t frame_bytes_;
  const MpiWindow& window_;
  std::byte* const memory_;
  const std::vector<int> receivers_;
  std::vector<std::uint64_t> done_;  // frames, by receiver
  const int frame_tag_;
  const int done_tag_;
  std::uint64_t sent_ = 0;
};

class WindowReceiver : public FrameReceiver {
 public:
  WindowReceiver(const LinkSetup& setup, const MpiWindow& window)
      : frame_bytes_(setup.frame_bytes),
        window_(window),
        sender_(sending_rank()),
        memory_(frames_of(window, sender_, setup)),
        frame_tag_(tag_of(setup, Tag::Frame)),
        done_tag_(tag_of(setup, Tag::Done)) {}

  std::span<const std::byte> receive() override {
    be_told(sender_, frame_tag_);
    window_.sync();
    return {memory_ + received_++ % kBuffers * frame_bytes_, frame_bytes_};
  }

  void release() override { tell(sender_, done_tag_); }

 private:
  const std::size_t frame_bytes_;
  const MpiWindow& window_;
  const int sender_;
  const std::byte* const memory_;
  const int frame_tag_;
  const int done_tag_;
  std::uint64_t received_ = 0;
};

}  // namespace

MpiWindow::MpiWindow(std::size_t frame_bytes, int rank) {
  const std::size_t slot_bytes = rank == kProducerRank ? frame_bytes : kSmallestFrameBytes;  // answers
  MPI_Info info = MPI_INFO_NULL;
  check_mpi(::MPI_Info_create(&info), "make an info");
  check_mpi(::MPI_Info_set(info, "alloc_shared_noncontig", "true"), "set an info");  // every rank's begins at a page
  void* own = nullptr;
  check_mpi(::MPI_Win_allocate_shared(static_cast<MPI_Aint>(kBuffers * slot_bytes), 1, info, MPI_COMM_WORLD, &own, &window_),
            "allocate a shared window");
  check_mpi(::MPI_Info_free(&info), "free an info");
  check_mpi(::MPI_Win_lock_all(MPI_MODE_NOCHECK, window_), "lock the window");  // loads and stores, all the time
}

MpiWindow::~MpiWindow() {
  ::MPI_Win_unlock_all(window_);
  ::MPI_Win_free(&window_);
}

std::span<std::byte> MpiWindow::memory_of(int rank) const {
  MPI_Aint bytes = 0;
  int unit = 0;
  std::byte* memory = nullptr;
  check_mpi(::MPI_Win_shared_query(window_, rank, &bytes, &unit, &memory), "ask for shared memory");
  return {memory, static_cast<std::size_t>(bytes)};
}

void MpiWindow::sync() const { check_mpi(::MPI_Win_sync(window_), "synchronise the window"); }

std::unique_ptr<FrameSender> make_window_sender(const LinkSetup& setup, const MpiWindow& window) {
  return std::make_unique<WindowSender>(setup, window);
}

std::unique_ptr<FrameReceiver> make_window_receiver(const LinkSetup& setup, const MpiWindow& window) {
  return std::make_unique<WindowReceiver>(setup, window);
}

}  // namespace bench
