#include "floor_ping.hpp"

#include "unix_stream.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <new>
#include <string>
#include <system_error>
#include <utility>

namespace bench {

namespace {

[[noreturn]] void throw_errno(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

// Tokens in one direction. Who waits says so before it looks a last time, and who gives looks after it gave: both in the one
// order that there is of seq_cst, so one of them sees the other.
class FutexTokens {
 public:
  void give() {
    given_.fetch_add(1);
    if (sleeps_.load() != 0) ::syscall(SYS_futex, &given_, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  }
  // After `taken` of them.
  void take(std::uint32_t taken) {
    if (given_.load(std::memory_order_acquire) != taken) return;
    sleeps_.store(1);
    while (given_.load() == taken) ::syscall(SYS_futex, &given_, FUTEX_WAIT, taken, nullptr, nullptr, 0);
    sleeps_.store(0, std::memory_order_relaxed);
  }

 private:
  static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
  alignas(64) std::atomic<std::uint32_t> given_{0};
  alignas(64) std::atomic<std::uint32_t> sleeps_{0};
};

struct Head {
  FutexTokens frames{};
  FutexTokens done{};
};

// Where the frames are, before them a Head. Ownership: unmapped by the destructor.
class SharedFrames {
 public:
  SharedFrames(Descriptor file, std::size_t frame_bytes) : file_(std::move(file)), frame_bytes_(frame_bytes) {
    const std::size_t bytes = kHeadBytes + kBuffers * frame_bytes_;
    if (::ftruncate(file_.get(), static_cast<off_t>(bytes)) != 0) throw_errno("make room for frames");
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file_.get(), 0);
    if (memory == MAP_FAILED) throw_errno("map frames");
    memory_ = {static_cast<std::byte*>(memory), bytes};
  }
  ~SharedFrames() { ::munmap(memory_.data(), memory_.size()); }
  SharedFrames(const SharedFrames&) = delete;
  SharedFrames& operator=(const SharedFrames&) = delete;

  // Zeros, as a new memfd is: a Head to which nothing has happened.
  Head& head() const noexcept { return *std::launder(reinterpret_cast<Head*>(memory_.data())); }
  std::span<std::byte> frame(std::uint64_t number) const noexcept {
    return memory_.subspan(kHeadBytes + number % kBuffers * frame_bytes_, frame_bytes_);
  }
  std::string path() const { return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file_.get()); }

 private:
  static constexpr std::size_t kHeadBytes = 4096;
  static_assert(sizeof(Head) <= kHeadBytes);
  const Descriptor file_;
  const std::size_t frame_bytes_;
  std::span<std::byte> memory_{};
};

Descriptor new_memory() {
  Descriptor made(::memfd_create("frames", MFD_CLOEXEC));
  if (!made) throw_errno("make a memfd");
  return made;
}

Descriptor memory_at(const std::string& path) {
  Descriptor opened(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!opened) throw_errno("open " + path);
  return opened;
}

// The two ways to pass tokens: what a sender and a receiver of frames do.
class ByFutex {
 public:
  void listen(const LinkSetup& /*setup*/) {}
  void accept() {}
  void connect(const LinkSetup& /*setup*/) {}
  void give(FutexTokens& tokens) { tokens.give(); }
  void take(FutexTokens& tokens, std::uint64_t taken) { tokens.take(static_cast<std::uint32_t>(taken)); }
};

class BySocket {
 public:
  void listen(const LinkSetup& setup) { listener_ = listen_at(setup.directory / setup.channel); }
  void accept() { other_ = accept_one(listener_); }
  void connect(const LinkSetup& setup) { other_ = connect_to(setup.directory / setup.channel); }
  void give(FutexTokens& /*tokens*/) { write_exactly(other_, token_); }
  void take(FutexTokens& /*tokens*/, std::uint64_t /*taken*/) { read_exactly(other_, token_); }

 private:
  Descriptor listener_{};
  Descriptor other_{};
  std::array<std::byte, 1> token_{};
};

template <class Way> class PingSender : public FrameSender {
 public:
  explicit PingSender(const LinkSetup& setup) : frames_(new_memory(), setup.frame_bytes) { way_.listen(setup); }

  std::string address() const override { return frames_.path(); }
  void wait_for_receivers() override { way_.accept(); }
  std::span<std::byte> room() override {
    if (sent_ >= kBuffers) way_.take(frames_.head().done, sent_ - kBuffers);
    return frames_.frame(sent_);
  }
  void send() override {
    way_.give(frames_.head().frames);
    ++sent_;
  }

 private:
  const SharedFrames frames_;
  Way way_{};
  std::uint64_t sent_ = 0;
};

template <class Way> class PingReceiver : public FrameReceiver {
 public:
  explicit PingReceiver(const LinkSetup& setup) : frames_(memory_at(setup.address), setup.frame_bytes) { way_.connect(setup); }

  std::span<const std::byte> receive() override {
    way_.take(frames_.head().frames, received_);
    return frames_.frame(received_);
  }
  void release() override {
    way_.give(frames_.head().done);
    ++received_;
  }

 private:
  const SharedFrames frames_;
  Way way_{};
  std::uint64_t received_ = 0;
};

template <class Way> std::unique_ptr<FrameSender> make_sender(const LinkSetup& setup) {
  return std::make_unique<PingSender<Way>>(setup);
}
template <class Way> std::unique_ptr<FrameReceiver> make_receiver(const LinkSetup& setup) {
  return std::make_unique<PingReceiver<Way>>(setup);
}

}  // namespace

constinit const Transport kFutex{
    .name = "floor/futex", .make_sender = make_sender<ByFutex>, .make_receiver = make_receiver<ByFutex>};
constinit const Transport kSocketPing{
    .name = "floor/socket_ping", .make_sender = make_sender<BySocket>, .make_receiver = make_receiver<BySocket>};

}  // namespace bench
