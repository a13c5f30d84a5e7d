#include "transport/endpoint.hpp"

#include "arraywire/error.hpp"

#include <charconv>

namespace arraywire::transport {

namespace {

[[noreturn]] void refuse(std::string_view endpoint, std::string_view why) {
  throw Error(ErrorCode::InvalidArgument, "endpoint '" + std::string(endpoint) + "': " + std::string(why));
}

constexpr std::string_view kTcp = "tcp://";
constexpr std::string_view kIpc = "ipc://";
constexpr std::size_t kMaxSocketPath = 107;  // sun_path without its final zero

void check_tcp(std::string_view endpoint, bool listening) {
  const std::string_view rest = endpoint.substr(kTcp.size());
  const auto colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0) refuse(endpoint, "it must be tcp://HOST:PORT");
  const std::string_view host = rest.substr(0, colon);
  const std::string_view port = rest.substr(colon + 1);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (error != std::errc{} || end != port.data() + port.size() || value > 65535) refuse(endpoint, "the port must be 0 to 65535");
  if (!listening && value == 0) refuse(endpoint, "port 0 cannot be connected to");
  if (!listening && host == "*") refuse(endpoint, "* cannot be connected to");
  if (host.find_first_of("/; \t") != std::string_view::npos) refuse(endpoint, "the host holds a character that no host has");
}

}  // namespace

void check_listen_endpoint(std::string_view endpoint) {
  if (!endpoint.starts_with(kTcp))
    refuse(endpoint, "publishers listen on tcp://HOST:PORT (the local ipc endpoint is always there)");
  check_tcp(endpoint, true);
}

void check_connect_endpoint(std::string_view endpoint) {
  if (endpoint.starts_with(kTcp)) return check_tcp(endpoint, false);
  if (!endpoint.starts_with(kIpc)) refuse(endpoint, "only tcp://HOST:PORT and ipc://PATH can be connected to");
  const std::string_view path = endpoint.substr(kIpc.size());
  if (path.empty() || path.size() > kMaxSocketPath) refuse(endpoint, "a socket's path has 1 to 107 bytes");
}

bool is_endpoint(std::string_view source) noexcept { return source.find("://") != std::string_view::npos; }

}  // namespace arraywire::transport
