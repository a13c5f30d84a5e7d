#include "peer_zmq.hpp"

#include "frame.hpp"
#include "peer.hpp"

#include <zmq.h>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace bench {

namespace {

[[noreturn]] void throw_zmq(const std::string& what) { throw std::runtime_error(what + ": " + ::zmq_strerror(::zmq_errno())); }

struct CloseSocket {
  void operator()(void* socket) const { ::zmq_close(socket); }
};
struct EndContext {
  void operator()(void* context) const { ::zmq_ctx_term(context); }
};
using Context = std::unique_ptr<void, EndContext>;
using Socket = std::unique_ptr<void, CloseSocket>;

Socket open(const Context& context, int type) {
  Socket socket(::zmq_socket(context.get(), type));
  if (!socket) throw_zmq("open a socket");
  constexpr int kNoLinger = 0;
  ::zmq_setsockopt(socket.get(), ZMQ_LINGER, &kNoLinger, sizeof kNoLinger);
  return socket;
}

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

void send_without_copy(const Socket& socket, LentFrame& frame, std::uint64_t counter) {
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
  const Context context(::zmq_ctx_new());
  const Socket socket = open(context, ZMQ_PUSH);
  const std::string endpoint = "ipc://" + (peer.directory / "zmq").string();
  if (::zmq_bind(socket.get(), endpoint.c_str()) != 0) throw_zmq("bind " + endpoint);
  peer.serve(endpoint,
             [&](std::uint64_t number) { send_without_copy(socket, lent_frames[number % lent_frames.size()], number); });
}

void zmq_consumer(Peer& peer) {
  const Context context(::zmq_ctx_new());
  const Socket socket = open(context, ZMQ_PULL);
  if (::zmq_connect(socket.get(), peer.address.c_str()) != 0) throw_zmq("connect to " + peer.address);
  peer.serve("", [&](std::uint64_t number) {
    zmq_msg_t message;
    ::zmq_msg_init(&message);
    if (::zmq_msg_recv(&message, socket.get(), 0) < 0) throw_zmq("receive");
    check_stamp({static_cast<const std::byte*>(::zmq_msg_data(&message)), ::zmq_msg_size(&message)}, peer.frame_bytes, number);
    ::zmq_msg_close(&message);
  });
}

}  // namespace bench
