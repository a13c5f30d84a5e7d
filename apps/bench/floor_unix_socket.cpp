#include "floor_unix_socket.hpp"

#include "frame.hpp"
#include "unix_stream.hpp"

#include <sys/socket.h>
#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <list>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

namespace {

constexpr std::ptrdiff_t kAll{kBuffers};

std::filesystem::path path_of(const LinkSetup& setup) { return setup.directory / setup.channel; }

class Buffers {
 public:
  explicit Buffers(std::size_t frame_bytes) {
    for (auto& buffer : buffers_) buffer.emplace(frame_bytes);
  }
  std::span<std::byte> of(std::uint64_t frame) const noexcept { return buffers_[frame % kBuffers]->bytes(); }

 private:
  std::array<std::optional<WarmBuffer>, kBuffers> buffers_{};
};

// A thread that moves frames between buffers and a socket, in the order in which it is given the buffers.
// Threads: give and take by one thread, its owner's. A buffer is the mover's from give to take of it; the semaphores order that.
// Errors: the thread ends, and take throws. Lifetime: the buffers and the socket outlive it.
class Mover {
 public:
  using Move = void (*)(const Descriptor& socket, std::span<std::byte> buffer);

  Mover(const Buffers& buffers, const Descriptor& socket, Move move)
      : socket_(socket), thread_([=, this, &buffers, &socket] {
          try {
            for (std::uint64_t frame = 0;; ++frame) {
              given_.acquire();
              if (ends_) return;
              move(socket, buffers.of(frame));
              moved_.release();
            }
          } catch (const std::exception&) {  // the other side is gone
            ends_ = true;
            moved_.release();
          }
        }) {}
  ~Mover() {
    ends_ = true;
    ::shutdown(socket_.get(), SHUT_RDWR);  // it may be in a system call
    given_.release();
  }
  Mover(const Mover&) = delete;
  Mover& operator=(const Mover&) = delete;

  void give() { given_.release(); }
  void take() {
    moved_.acquire();
    if (ends_) throw std::runtime_error("the other side of the socket is gone");
  }

 private:
  const Descriptor& socket_;
  std::counting_semaphore<kAll + 1> given_{0};
  std::counting_semaphore<kAll + 1> moved_{0};
  std::atomic<bool> ends_ = false;
  std::jthread thread_;  // the last: it uses the others
};

void write_buffer(const Descriptor& socket, std::span<std::byte> buffer) { write_exactly(socket, buffer); }

class SocketSender : public FrameSender {
 public:
  explicit SocketSender(const LinkSetup& setup)
      : receiver_count_(setup.receivers),
        threads_(setup.busy_ends),
        buffers_(setup.frame_bytes),
        listener_(listen_at(path_of(setup))) {
    receivers_.reserve(receiver_count_);  // movers refer to them
  }

  void wait_for_receivers() override {
    while (receivers_.size() < receiver_count_) {
      receivers_.push_back(accept_one(listener_));
      if (threads_) movers_.emplace_back(buffers_, receivers_.back(), write_buffer);
    }
  }
  std::span<std::byte> room() override {
    if (sent_ >= kBuffers) {
      for (Mover& mover : movers_) mover.take();
    }
    return buffers_.of(sent_);
  }
  void send() override {
    if (threads_) {
      for (Mover& mover : movers_) mover.give();
    } else {
      for (const Descriptor& receiver : receivers_) write_exactly(receiver, buffers_.of(sent_));
    }
    ++sent_;
  }

 private:
  const std::size_t receiver_count_;
  const bool threads_;
  const Buffers buffers_;
  const Descriptor listener_;
  std::vector<Descriptor> receivers_{};
  std::list<Mover> movers_{};
  std::uint64_t sent_ = 0;
};

class SocketReceiver : public FrameReceiver {
 public:
  explicit SocketReceiver(const LinkSetup& setup) : buffers_(setup.frame_bytes), sender_(connect_to(path_of(setup))) {
    if (!setup.busy_ends) return;
    mover_.emplace(buffers_, sender_, read_exactly);
    for (std::size_t i = 0; i < kBuffers; ++i) mover_->give();
  }

  std::span<const std::byte> receive() override {
    if (mover_) {
      mover_->take();
    } else {
      read_exactly(sender_, buffers_.of(received_));
    }
    return buffers_.of(received_);
  }
  void release() override {
    if (mover_) mover_->give();
    ++received_;
  }

 private:
  const Buffers buffers_;
  const Descriptor sender_;
  std::optional<Mover> mover_{};
  std::uint64_t received_ = 0;
};

std::unique_ptr<FrameSender> make_sender(const LinkSetup& setup) { return std::make_unique<SocketSender>(setup); }
std::unique_ptr<FrameReceiver> make_receiver(const LinkSetup& setup) { return std::make_unique<SocketReceiver>(setup); }

}  // namespace

constinit const Transport kUnixSocket{.name = "floor/unix_socket", .make_sender = make_sender, .make_receiver = make_receiver};

}  // namespace bench
