// libzmq calls of the benchmarks that use it bare, where every failure is an error.
#pragma once

#include <zmq.h>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace bench {

[[noreturn]] void throw_zmq(const std::string& what);

struct CloseSocket {
  void operator()(void* socket) const { ::zmq_close(socket); }
};
struct EndContext {
  void operator()(void* context) const { ::zmq_ctx_term(context); }
};
using ZmqContext = std::unique_ptr<void, EndContext>;
using ZmqSocket = std::unique_ptr<void, CloseSocket>;

// Without linger, and otherwise as zmq makes it.
ZmqSocket open_zmq(const ZmqContext& context, int type);
void set_zmq(const ZmqSocket& socket, int option, int value);
std::string zmq_endpoint(const std::filesystem::path& path);  // ipc
void bind_zmq(const ZmqSocket& socket, const std::string& endpoint);
void connect_zmq(const ZmqSocket& socket, const std::string& endpoint);

// Small messages, copied. Both block; a message of another size is an error.
void send_small(const ZmqSocket& socket, std::span<const std::byte> message);
void receive_small(const ZmqSocket& socket, std::span<std::byte> message);

}  // namespace bench
