// peer/nng: nng's messages over ipc://, the transport that nng(7) has for processes of one machine. Documentation, pages of which
// are named below: https://github.com/nanomsg/nng/tree/v1.5.2/docs/man.
//
// To one receiver a pipeline, push(7) to pull(7): reliable, and push blocks when the receiver falls behind. To several, a
// pipeline would give each frame to one of them only, and every public way to give a message to several pipelines copies it;
// pub(7) and sub(7) share one message among all pipes, but drop what a slow one has no room for. So there the receivers
// acknowledge, through a pipeline of their own, and no more frames are on their way than every queue has room for: nothing is
// dropped, nothing copied.
//
// A message goes out without a copy by nng_sendmsg(3), and comes in as nng_recvmsg(3) has it: the kernel's copies through the
// Unix socket are the only ones. nng takes the message that it sends, so that each frame is a new one; nng_msg_alloc(3) fills it
// with zeros, on both sides. keep_receive_memory, as in arraywire's inline lane, makes that 3 to 4 times as fast for frames of 50
// MB: glibc would give each one back to the kernel, and have the next one faulted in page by page.
#include "arraywire/context.hpp"
#include "peer_main.hpp"

#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace bench {

namespace {

void check(const char* what, int error) {
  if (error != 0) throw std::runtime_error(std::string("nng: ") + what + ": " + ::nng_strerror(error));
}

using Message = std::unique_ptr<nng_msg, decltype([](nng_msg* message) { ::nng_msg_free(message); })>;

Message make_message(std::size_t bytes) {
  nng_msg* message = nullptr;
  check("allocate a message", ::nng_msg_alloc(&message, bytes));
  return Message(message);
}

// Ownership: of the socket, closed by the destructor.
class Socket {
 public:
  explicit Socket(int (*open)(nng_socket*)) { check("open a socket", open(&socket_)); }
  ~Socket() { ::nng_close(socket_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  nng_socket get() const noexcept { return socket_; }
  void set(const char* option, int value) { check(option, ::nng_socket_set_int(socket_, option, value)); }
  void listen(const std::string& url) { check("listen", ::nng_listen(socket_, url.c_str(), nullptr, 0)); }
  void dial(const std::string& url) { check("dial", ::nng_dial(socket_, url.c_str(), nullptr, 0)); }  // blocks until connected
  // Success takes, failure leaves.
  void send(Message& message) {
    check("send", ::nng_sendmsg(socket_, message.get(), 0));
    static_cast<void>(message.release());
  }
  Message receive() {
    nng_msg* message = nullptr;
    check("receive", ::nng_recvmsg(socket_, &message, 0));
    return Message(message);
  }

 private:
  nng_socket socket_{};
};

std::string frames_url(const LinkSetup& setup) { return "ipc://" + (setup.directory / setup.channel).string(); }
std::string acknowledgements_url(const LinkSetup& setup) { return frames_url(setup) + "-ack"; }

// One empty message per frame that a receiver has released. Threads: one.
class Acknowledgements {
 public:
  explicit Acknowledgements(const LinkSetup& setup) : receivers_(setup.receivers) { socket_.listen(acknowledgements_url(setup)); }

  // Blocks until every receiver has released so many frames.
  void wait_for(std::uint64_t frames) {
    while (!all_have(frames)) ++released_[::nng_pipe_id(::nng_msg_get_pipe(socket_.receive().get()))];
  }

 private:
  bool all_have(std::uint64_t frames) const {
    if (frames == 0) return true;
    if (released_.size() < receivers_) return false;
    for (const auto& [pipe, released] : released_) {
      if (released < frames) return false;
    }
    return true;
  }

  const std::size_t receivers_;
  Socket socket_{::nng_pull0_open};
  std::unordered_map<int, std::uint64_t> released_{};  // by pipe
};

class NngSender : public FrameSender {
 public:
  explicit NngSender(const LinkSetup& setup)
      : frame_bytes_(setup.frame_bytes),
        receivers_(setup.receivers),
        socket_(receivers_ == 1 ? ::nng_push0_open : ::nng_pub0_open) {
    // In no queue: the one that is being filled and the one that the kernel is taking, and at the other end the one that has come
    // and the one that is being read.
    constexpr std::size_t kInNoQueue = 4;
    static_assert(kInNoQueue <= kBuffers);
    socket_.set(NNG_OPT_SENDBUF, static_cast<int>(receivers_ == 1 ? kBuffers - kInNoQueue : kBuffers));
    check("watch the pipes", ::nng_pipe_notify(socket_.get(), NNG_PIPE_EV_ADD_POST, count_pipe, &connected_));
    if (receivers_ > 1) acknowledgements_.emplace(setup);
    socket_.listen(frames_url(setup));
  }

  void wait_for_receivers() override {
    for (std::size_t now = connected_.load(); now < receivers_; now = connected_.load()) connected_.wait(now);
  }

  std::span<std::byte> room() override {
    if (acknowledgements_ && sent_ + 1 > kBuffers) acknowledgements_->wait_for(sent_ + 1 - kBuffers);
    message_ = make_message(frame_bytes_);
    return {static_cast<std::byte*>(::nng_msg_body(message_.get())), frame_bytes_};
  }

  void send() override {
    socket_.send(message_);
    ++sent_;
  }

 private:
  static void count_pipe(nng_pipe /*pipe*/, nng_pipe_ev /*event*/, void* connected) {
    auto* count = static_cast<std::atomic<std::size_t>*>(connected);
    count->fetch_add(1);
    count->notify_one();
  }

  const std::size_t frame_bytes_;
  const std::size_t receivers_;
  std::atomic<std::size_t> connected_ =
      0;  // written by nng's threads: declared before the socket, which outlives none of their calls
  Socket socket_;
  std::optional<Acknowledgements> acknowledgements_{};
  Message message_{};
  std::uint64_t sent_ = 0;
};

class NngReceiver : public FrameReceiver {
 public:
  explicit NngReceiver(const LinkSetup& setup) : socket_(setup.receivers == 1 ? ::nng_pull0_open : ::nng_sub0_open) {
    check("have no limit", ::nng_socket_set_size(socket_.get(), NNG_OPT_RECVMAXSZ, 0));
    if (setup.receivers > 1) {
      check("subscribe", ::nng_socket_set(socket_.get(), NNG_OPT_SUB_SUBSCRIBE, "", 0));
      acknowledgements_.emplace(::nng_push0_open);
      acknowledgements_->dial(acknowledgements_url(setup));
    }
    socket_.dial(frames_url(setup));
  }

  std::span<const std::byte> receive() override {
    message_ = socket_.receive();
    return {static_cast<const std::byte*>(::nng_msg_body(message_.get())), ::nng_msg_len(message_.get())};
  }

  void release() override {
    message_.reset();
    if (!acknowledgements_) return;
    Message acknowledgement = make_message(0);
    acknowledgements_->send(acknowledgement);
  }

 private:
  Socket socket_;
  std::optional<Socket> acknowledgements_{};
  Message message_{};
};

std::unique_ptr<FrameSender> make_sender(const LinkSetup& setup) { return std::make_unique<NngSender>(setup); }
std::unique_ptr<FrameReceiver> make_receiver(const LinkSetup& setup) { return std::make_unique<NngReceiver>(setup); }

constexpr Transport kNng{.name = "peer/nng", .make_sender = make_sender, .make_receiver = make_receiver};

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  arraywire::keep_receive_memory();  // before anything has been allocated by another thread
  return bench::run_peer_main(argc, argv, std::span(&bench::kNng, 1));
}
