#include "unix_stream.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

namespace bench {

namespace {

[[noreturn]] void throw_errno(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) throw std::runtime_error("too long for a socket: " + path.string());
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address;
}

Descriptor stream_socket() {
  Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (made.get() < 0) throw_errno("make a socket");
  return made;
}

void widen(const Descriptor& connection) {
  constexpr int kBytes = 1 << 20;
  if (::setsockopt(connection.get(), SOL_SOCKET, SO_SNDBUF, &kBytes, sizeof kBytes) != 0) throw_errno("widen a socket's buffer");
}

}  // namespace

std::size_t socket_buffer_bytes() {
  const Descriptor socket = stream_socket();
  int bytes = 0;
  socklen_t size = sizeof bytes;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &bytes, &size) != 0) throw_errno("ask for a socket's buffer");
  return static_cast<std::size_t>(bytes);
}

Descriptor listen_at(const std::filesystem::path& path) {
  Descriptor listener = stream_socket();
  const sockaddr_un address = address_of(path);
  const auto* general = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(listener.get(), general, sizeof address) != 0 || ::listen(listener.get(), SOMAXCONN) != 0)
    throw_errno("listen at " + path.string());
  return listener;
}

Descriptor accept_one(const Descriptor& listener) {
  Descriptor accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (accepted.get() < 0) throw_errno("accept");
  widen(accepted);
  return accepted;
}

Descriptor connect_to(const std::filesystem::path& path) {
  Descriptor connected = stream_socket();
  const sockaddr_un address = address_of(path);
  if (::connect(connected.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw_errno("connect to " + path.string());
  }
  widen(connected);
  return connected;
}

void write_exactly(const Descriptor& to, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) throw_errno("write to the socket");
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

void read_exactly(const Descriptor& from, std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::read(from.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("read from the socket");
    if (got == 0) throw std::runtime_error("the stream ended early");
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace bench
