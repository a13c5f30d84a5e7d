#include "transport/sockets.hpp"

#include "wire/encoder.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

// libzmq is not built with ThreadSanitizer, so TSan cannot see that handing a message over orders our writes before the callback.
#if defined(__SANITIZE_THREAD__)
#define ARRAYWIRE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ARRAYWIRE_TSAN 1
#endif
#endif
#ifdef ARRAYWIRE_TSAN
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#define TSAN_ACQUIRE(p) __tsan_acquire(p)
#define TSAN_RELEASE(p) __tsan_release(p)
#else
#define TSAN_ACQUIRE(p) static_cast<void>(p)
#define TSAN_RELEASE(p) static_cast<void>(p)
#endif

namespace arraywire::transport {

namespace {

constexpr int kConnectionBytes = 1 << 20;  // the kernel grants net.core.wmem_max at most, and twice what it grants

// noexcept, takes only the leaf lock that Block::drop takes, calls no zmq and no user code.
void drop_reference(void*, void* hint) noexcept {
  TSAN_ACQUIRE(hint);
  static_cast<memory::Block*>(hint)->drop();
}

SendResult send(zmq::socket_t& socket, zmq::message_t& message, bool more) {
  for (;;) {
    if (zmq_msg_send(message.handle(), socket.handle(), ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) >= 0) return SendResult::Sent;
    if (errno == EINTR) continue;
    return errno == EHOSTUNREACH ? SendResult::Unreachable : SendResult::WouldBlock;
  }
}

SendResult send_address(zmq::socket_t& socket, std::string_view address) {
  if (address.empty()) return SendResult::Sent;
  zmq::message_t id(address.data(), address.size());
  return send(socket, id, true);
}

}  // namespace

zmq::message_t owning_message(const Frame& frame) {
  memory::Reference reference = frame.owner;
  TSAN_RELEASE(reference.get());
  // zmq never writes through this pointer; its interface has no const. On ENOMEM it throws without calling the callback.
  zmq::message_t message(const_cast<std::byte*>(frame.bytes.data()), frame.bytes.size(), drop_reference, reference.get());
  static_cast<void>(reference.release());
  return message;
}

SendResult send_header(zmq::socket_t& socket, std::string_view address, std::span<const std::byte> header) {
  if (const SendResult r = send_address(socket, address); r != SendResult::Sent) return r;
  zmq::message_t message(header.data(), header.size());
  return send(socket, message, false);
}

SendResult send_named(zmq::socket_t& socket, std::string_view address, const Message& message, Id epoch, Id session,
                      const wire::Stamp& stamp) {
  zmq::message_t header(message.header.data(), message.header.size());
  wire::stamp({static_cast<std::byte*>(header.data()), header.size()}, epoch, session, stamp);
  if (const SendResult r = send_address(socket, address); r != SendResult::Sent) return r;
  return send(socket, header, false);
}

// A ROUTER refuses a message at its first frame or not at all: once the address frame went, the rest is either delivered with
// it or, if the peer dies in between, dropped with it. So there is never half a message to repeat.
SendResult send_data(zmq::socket_t& socket, std::string_view address, const Message& message, Id epoch, Id session,
                     const wire::Stamp& stamp, std::vector<zmq::message_t>& parts) {
  parts.clear();
  zmq::message_t& header = parts.emplace_back(message.header.data(), message.header.size());
  wire::stamp({static_cast<std::byte*>(header.data()), header.size()}, epoch, session, stamp);
  for (const Frame& frame : message.frames) parts.push_back(owning_message(frame));
  SendResult result = send_address(socket, address);
  for (std::size_t i = 0; i < parts.size() && result == SendResult::Sent; ++i)
    result = send(socket, parts[i], i + 1 < parts.size());
  parts.clear();  // what was not sent lets go of its memory
  return result;
}

bool receive(zmq::socket_t& socket, Frames& out) {
  out.count = 0;
  zmq::message_t surplus;
  for (bool more = true; more; ++out.count) {
    zmq::message_t& frame = out.count < Frames::kMaxFrames ? out.frames[out.count] : surplus;
    frame.rebuild();
    int got = -1;
    do {
      got = zmq_msg_recv(frame.handle(), socket.handle(), ZMQ_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return false;  // only before a first frame: zmq delivers messages whole
    more = frame.more();
  }
  return true;
}

void stop_monitor(zmq::socket_t& socket) noexcept {
  if (socket.handle() != nullptr) zmq_socket_monitor(socket.handle(), nullptr, 0);
}

void free_port(zmq::context_t& zmq, zmq::socket_t& socket, const std::string& endpoint, std::uint64_t unique_number) noexcept {
  try {
    const std::string address = "inproc://arraywire-closing-" + std::to_string(unique_number);
    if (zmq_socket_monitor(socket.handle(), address.c_str(), ZMQ_EVENT_CLOSED | ZMQ_EVENT_CLOSE_FAILED) != 0) return;
    zmq::socket_t monitor(zmq, zmq::socket_type::pair);
    const std::unique_ptr<zmq::socket_t, void (*)(zmq::socket_t*)> monitored(&socket, [](zmq::socket_t* s) { stop_monitor(*s); });
    monitor.set(zmq::sockopt::linger, 0);
    monitor.set(zmq::sockopt::rcvtimeo, 1000);
    monitor.connect(address);
    zmq::message_t event;
    if (zmq_unbind(socket.handle(), endpoint.c_str()) == 0) static_cast<void>(monitor.recv(event));
  } catch (const std::exception&) {  // the port will be free a little later
  }
}

void widen_connection(const zmq::message_t& from) noexcept {
  const int descriptor = zmq_msg_get(from.handle(), ZMQ_SRCFD);
  int domain = 0;
  int bytes = 0;
  socklen_t size = sizeof domain;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX) return;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, &size) != 0 || bytes >= 2 * kConnectionBytes) return;
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &kConnectionBytes, sizeof kConnectionBytes);
}

bool readable(zmq::socket_t& socket) {
  int events = 0;
  std::size_t size = sizeof events;
  while (zmq_getsockopt(socket.handle(), ZMQ_EVENTS, &events, &size) != 0) {
    if (errno != EINTR) return false;
  }
  return (events & ZMQ_POLLIN) != 0;
}

}  // namespace arraywire::transport
