// What option values mean: pure functions from text to a value. They throw UsageError with one clear line.
#pragma once

#include "arraywire/array_view.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace arraywire::cli {

// The user's mistake: one line on stderr, exit status 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The job cannot be done: one line on stderr, exit status 1.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Infinity : std::uint8_t { Refused, Allowed };  // Allowed: the text "inf" is kForever

std::uint64_t parse_count(std::string_view text, std::uint64_t least, std::uint64_t most);
double parse_rate(std::string_view text);  // Hz: 0, or from 1e-6 to 1e9
std::chrono::nanoseconds parse_seconds(std::string_view text, Infinity infinity);
std::chrono::nanoseconds parse_milliseconds(std::string_view text);
std::size_t parse_bytes(std::string_view text);  // 1500, 64K, 2G (powers of 1000), 2GiB (powers of 1024); not 0
Extents parse_shape(std::string_view text);      // "2160x3840x3": every extent at least 1
DType parse_dtype(std::string_view text);
std::string parse_stream_name(std::string_view text);

enum class Reach : std::uint8_t { Loopback, Network };
// "tcp://HOST:PORT"; port 0 is allowed.
Reach check_listen_endpoint(std::string_view text);
// "tcp://HOST:PORT" with a port, or "ipc://PATH".
void check_connect_endpoint(std::string_view text);

}  // namespace arraywire::cli
