// Endpoints as users write them.
#pragma once

#include <string>
#include <string_view>

namespace arraywire::transport {

// "tcp://HOST:PORT", HOST a name, an address or * (listening only), PORT 0..65535 (0 when listening only), or, connecting,
// "ipc://PATH". Throws Error{InvalidArgument} that quotes the endpoint and says what is wrong with it.
void check_listen_endpoint(std::string_view endpoint);
void check_connect_endpoint(std::string_view endpoint);
bool is_endpoint(std::string_view source) noexcept;  // has "://" in it, so it is not a stream's name

}  // namespace arraywire::transport
