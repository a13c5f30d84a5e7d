#include "cli/supervisor.hpp"

#include "memory/descriptor.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string_view>

namespace arraywire::cli {
namespace {

void notify(const std::string& message) noexcept {
  const char* set = std::getenv("NOTIFY_SOCKET");
  const std::string_view path = set == nullptr ? "" : set;
  sockaddr_un address{};
  if (path.size() < 2 || path.size() >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) return;
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.sun_path);
  if (path[0] == '@') address.sun_path[0] = '\0';  // an abstract name
  const memory::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return;
  // An abstract name is as long as its address says; for a path the length without its 0 will do.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  static_cast<void>(
      ::sendto(socket.get(), message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length));
}

}  // namespace

ReadyNotice::ReadyNotice(const std::string& status) {
  std::string line = status;
  std::replace(line.begin(), line.end(), '\n', ' ');
  notify("READY=1\nSTATUS=" + line);
}

ReadyNotice::~ReadyNotice() { notify("STOPPING=1"); }

}  // namespace arraywire::cli
