#include "peer_zmq.hpp"

#include "arraywire/context.hpp"
#include "frame.hpp"
#include "zmq_calls.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace bench {

namespace {

// One that is filled, one that zmq sends; one in the receiver's queue, and the one that is read. When the receiver is slow,
// libzmq has one more between, that it got but cannot queue yet.
constexpr std::size_t kSenderBuffers = kBuffers / 2;
constexpr int kQueue = kBuffers / 2 - 1;

// A frame that zmq may be reading. `lent` is set by the sender before it sends and cleared by zmq when it has given the bytes to
// the kernel for every receiver, on its I/O thread; release and acquire on it order the next fill after that.
struct LentFrame {
  std::optional<WarmBuffer> buffer{};
  std::atomic<bool> lent = false;
};

void give_back(void* /*data*/, void* hint) {
  auto* frame = static_cast<LentFrame*>(hint);
  frame->lent.store(false, std::memory_order_release);
  frame->lent.notify_one();
}

std::string endpoint_of(const LinkSetup& setup) { return zmq_endpoint(setup.directory / setup.channel); }

std::shared_ptr<ZmqContext> context_of(const LinkSetup& setup) {
  return in_common(setup, [] { return std::make_shared<ZmqContext>(::zmq_ctx_new()); });
}

class ZmqSender : public FrameSender {
 public:
  explicit ZmqSender(const LinkSetup& setup)
      : receivers_(setup.receivers),
        context_(context_of(setup)),
        socket_(open_zmq(*context_, setup.receivers == 1 ? ZMQ_PUSH : ZMQ_XPUB)) {
    for (LentFrame& frame : lent_frames_) frame.buffer.emplace(setup.frame_bytes);
    set_zmq(socket_, ZMQ_SNDHWM, kSenderBuffers);
    if (receivers_ > 1) {
      set_zmq(socket_, ZMQ_XPUB_NODROP, 1);
      set_zmq(socket_, ZMQ_XPUB_VERBOSE, 1);  // every receiver's subscription is counted
    }
    bind_zmq(socket_, endpoint_of(setup));
  }

  void wait_for_receivers() override {
    if (receivers_ == 1) return;  // PUSH waits by itself
    std::array<std::byte, 1> subscription{};
    for (std::size_t i = 0; i < receivers_; ++i) receive_small(socket_, subscription);
  }

  std::span<std::byte> room() override {
    LentFrame& frame = lent_frames_[sent_ % kSenderBuffers];
    frame.lent.wait(true, std::memory_order_acquire);
    return frame.buffer->bytes();
  }

  void send() override {
    LentFrame& frame = lent_frames_[sent_++ % kSenderBuffers];
    const auto bytes = frame.buffer->bytes();
    frame.lent.store(true, std::memory_order_relaxed);
    zmq_msg_t message;
    if (::zmq_msg_init_data(&message, bytes.data(), bytes.size(), give_back, &frame) != 0) throw_zmq("make a message");
    if (::zmq_msg_send(&message, socket_.get(), 0) < 0) throw_zmq("send");
  }

 private:
  const std::size_t receivers_;
  std::uint64_t sent_ = 0;
  std::array<LentFrame, kSenderBuffers> lent_frames_{};  // before the context: it must outlive zmq's last use
  const std::shared_ptr<ZmqContext> context_;
  const ZmqSocket socket_;
};

class ZmqReceiver : public FrameReceiver {
 public:
  explicit ZmqReceiver(const LinkSetup& setup)
      : context_(context_of(setup)), socket_(open_zmq(*context_, setup.receivers == 1 ? ZMQ_PULL : ZMQ_SUB)) {
    ::zmq_msg_init(&message_);
    set_zmq(socket_, ZMQ_RCVHWM, kQueue);
    if (setup.receivers > 1 && ::zmq_setsockopt(socket_.get(), ZMQ_SUBSCRIBE, "", 0) != 0) throw_zmq("subscribe");
    connect_zmq(socket_, endpoint_of(setup));
  }
  ~ZmqReceiver() override { ::zmq_msg_close(&message_); }

  std::span<const std::byte> receive() override {
    if (::zmq_msg_recv(&message_, socket_.get(), 0) < 0) throw_zmq("receive");
    return {static_cast<const std::byte*>(::zmq_msg_data(&message_)), ::zmq_msg_size(&message_)};
  }

  void release() override {
    ::zmq_msg_close(&message_);
    ::zmq_msg_init(&message_);
  }

 private:
  zmq_msg_t message_{};
  const std::shared_ptr<ZmqContext> context_;
  const ZmqSocket socket_;
};

std::unique_ptr<FrameSender> make_sender(const LinkSetup& setup) { return std::make_unique<ZmqSender>(setup); }
std::unique_ptr<FrameReceiver> make_receiver(const LinkSetup& setup) { return std::make_unique<ZmqReceiver>(setup); }

std::unique_ptr<FrameReceiver> make_tuned_receiver(const LinkSetup& setup) {
  arraywire::keep_receive_memory();  // malloc settings, nothing else of arraywire
  return make_receiver(setup);
}

}  // namespace

constinit const Transport kZmq{.name = "peer/zmq", .make_sender = make_sender, .make_receiver = make_tuned_receiver};
constinit const Transport kZmqDefaultMalloc{
    .name = "peer/zmq_default_malloc", .make_sender = make_sender, .make_receiver = make_receiver};

}  // namespace bench
