#include "zmq_calls.hpp"

#include <stdexcept>

namespace bench {

void throw_zmq(const std::string& what) { throw std::runtime_error(what + ": " + ::zmq_strerror(::zmq_errno())); }

ZmqSocket open_zmq(const ZmqContext& context, int type) {
  ZmqSocket socket(::zmq_socket(context.get(), type));
  if (!socket) throw_zmq("open a socket");
  set_zmq(socket, ZMQ_LINGER, 0);
  return socket;
}

void set_zmq(const ZmqSocket& socket, int option, int value) {
  if (::zmq_setsockopt(socket.get(), option, &value, sizeof value) != 0) throw_zmq("set option " + std::to_string(option));
}

std::string zmq_endpoint(const std::filesystem::path& path) { return "ipc://" + path.string(); }

void bind_zmq(const ZmqSocket& socket, const std::string& endpoint) {
  if (::zmq_bind(socket.get(), endpoint.c_str()) != 0) throw_zmq("bind " + endpoint);
}

void connect_zmq(const ZmqSocket& socket, const std::string& endpoint) {
  if (::zmq_connect(socket.get(), endpoint.c_str()) != 0) throw_zmq("connect to " + endpoint);
}

void send_small(const ZmqSocket& socket, std::span<const std::byte> message) {
  if (::zmq_send(socket.get(), message.data(), message.size(), 0) < 0) throw_zmq("send");
}

void receive_small(const ZmqSocket& socket, std::span<std::byte> message) {
  const int got = ::zmq_recv(socket.get(), message.data(), message.size(), 0);
  if (got < 0) throw_zmq("receive");
  if (static_cast<std::size_t>(got) != message.size())
    throw std::runtime_error("got a message of " + std::to_string(got) + " bytes");
}

}  // namespace bench
