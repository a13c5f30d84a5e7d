#include "peer_zmq.hpp"

#include "frame.hpp"
#include "peer.hpp"
#include "zmq_calls.hpp"

#include <zmq.h>
#include <array>
#include <atomic>
#include <optional>
#include <string>

namespace bench {

namespace {

// A frame that zmq may be reading. `lent` is set by the sender before it sends and cleared by zmq's I/O thread when it has given
// the bytes to the kernel; release and acquire on it order the next stamp after that.
struct LentFrame {
  std::optional<WarmBuffer> buffer{};
  std::atomic<bool> lent = false;
};

void give_back(void* /*data*/, void* hint) {
  auto* frame = static_cast<LentFrame*>(hint);
  frame->lent.store(false, std::memory_order_release);
  frame->lent.notify_one();
}

void send_without_copy(const ZmqSocket& socket, LentFrame& frame, std::uint64_t counter) {
  frame.lent.wait(true, std::memory_order_acquire);
  const auto bytes = frame.buffer->bytes();
  stamp(bytes, counter);
  frame.lent.store(true, std::memory_order_relaxed);
  zmq_msg_t message;
  if (::zmq_msg_init_data(&message, bytes.data(), bytes.size(), give_back, &frame) != 0) throw_zmq("make a message");
  if (::zmq_msg_send(&message, socket.get(), 0) < 0) throw_zmq("send");
}

}  // namespace

void zmq_producer(Peer& peer) {
  std::array<LentFrame, 4> lent_frames;  // before the context: it must outlive zmq's last use
  for (LentFrame& frame : lent_frames) frame.buffer.emplace(peer.frame_bytes);
  const ZmqContext context(::zmq_ctx_new());
  const ZmqSocket socket = open_zmq(context, ZMQ_PUSH);
  const std::string endpoint = bind_zmq(socket, peer);
  peer.serve(endpoint,
             [&](std::uint64_t number) { send_without_copy(socket, lent_frames[number % lent_frames.size()], number); });
}

void zmq_consumer(Peer& peer) {
  const ZmqContext context(::zmq_ctx_new());
  const ZmqSocket socket = open_zmq(context, ZMQ_PULL);
  connect_zmq(socket, peer.address);
  peer.serve("", [&](std::uint64_t number) {
    zmq_msg_t message;
    ::zmq_msg_init(&message);
    if (::zmq_msg_recv(&message, socket.get(), 0) < 0) throw_zmq("receive");
    check_stamp({static_cast<const std::byte*>(::zmq_msg_data(&message)), ::zmq_msg_size(&message)}, peer.frame_bytes, number);
    ::zmq_msg_close(&message);
  });
}

}  // namespace bench
