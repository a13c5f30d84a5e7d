// zmq frames in and out, always without waiting.
#pragma once

#include "transport/message.hpp"
#include "wire/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <zmq.hpp>

namespace arraywire::transport {

// Bounds of queue and hold, and, a little above, the guard of zmq's own queues (which never hold frames back).
inline constexpr std::uint32_t kMaxQueue = 1000;
inline constexpr int kHighWaterMark = 1256;

// The one function that hands memory of ours to zmq: the message owns a reference to `frame.owner` and drops it, on any thread,
// when zmq will not touch the bytes any more. Throws std::bad_alloc, and then holds no reference.
zmq::message_t owning_message(const Frame& frame);

enum class SendResult : std::uint8_t {
  Sent,
  WouldBlock,   // the peer's queue is full, or there is no peer yet; nothing was sent
  Unreachable,  // ROUTER: that peer is gone; nothing was sent
};

// One protocol message without payload. `address` is a ROUTER's routing id; empty on a DEALER.
SendResult send_header(zmq::socket_t& socket, std::string_view address, std::span<const std::byte> header);
// A Data message on the shared-memory lane: its header alone, stamped with the slot.
SendResult send_named(zmq::socket_t& socket, std::string_view address, const Message& message, Id epoch, Id session,
                      const wire::Stamp& stamp);
// A Data message on the inline lane: its header stamped, its payload frames without a copy.
// `parts` is scratch space: every part exists before the first is sent, so that nothing can fail half-way.
SendResult send_data(zmq::socket_t& socket, std::string_view address, const Message& message, Id epoch, Id session,
                     const wire::Stamp& stamp, std::vector<zmq::message_t>& parts);

// One received message, frame by frame. Frames beyond kMaxFrames are read and dropped; `count` has the true number.
struct Frames {
  static constexpr std::size_t kMaxFrames = 2 + kMaxArrays;
  std::vector<zmq::message_t> frames = std::vector<zmq::message_t>(kMaxFrames);
  std::size_t count = 0;
};
bool receive(zmq::socket_t& socket, Frames& frames);  // false: none waits

// No more events of a socket. To be called before the socket that receives them closes: libzmq's I/O thread would wait for room
// there for ever, and with it every socket of the context.
void stop_monitor(zmq::socket_t& socket) noexcept;

// Unbinds a tcp endpoint and returns when its port is free, which libzmq does on another thread. At most 1 s.
void free_port(zmq::context_t& zmq, zmq::socket_t& socket, const std::string& endpoint, std::uint64_t unique_number) noexcept;

// More room in the kernel for what goes to the peer that `from` came from. With the 208 KiB that Linux gives an AF_UNIX socket,
// the two ends take turns instead of copying at once. A no-op over tcp, whose buffers grow by themselves. libzmq has no option
// for it, but says by which descriptor a message came; if that has ended and is another AF_UNIX socket's by now, that one has
// more room.
void widen_connection(const zmq::message_t& from) noexcept;

bool readable(zmq::socket_t& socket);  // by ZMQ_EVENTS; processes zmq's commands
inline std::span<const std::byte> bytes_of(const zmq::message_t& m) {
  return {static_cast<const std::byte*>(m.data()), m.size()};
}

}  // namespace arraywire::transport
