// Frames in a window of shared memory: see peer_mpi.cpp.
#pragma once

#include "link.hpp"
#include "mpi_calls.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace bench {

// Memory that every rank maps: of each rank, as much as the frames need that it sends.
class MpiWindow {
 public:
  // Both are collective.
  MpiWindow(std::size_t frame_bytes, int rank);
  ~MpiWindow();
  MpiWindow(const MpiWindow&) = delete;
  MpiWindow& operator=(const MpiWindow&) = delete;

  std::span<std::byte> memory_of(int rank) const;
  // Before telling of what was written, and after being told.
  void sync() const;

 private:
  MPI_Win window_ = MPI_WIN_NULL;
};

// Lifetime: the window outlives them.
std::unique_ptr<FrameSender> make_window_sender(const LinkSetup& setup, const MpiWindow& window);
std::unique_ptr<FrameReceiver> make_window_receiver(const LinkSetup& setup, const MpiWindow& window);

}  // namespace bench
