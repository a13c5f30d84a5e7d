#include "cli/values.hpp"

#include "arraywire/context.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

namespace arraywire::cli {
namespace {

using std::chrono::nanoseconds;

template <class T> std::optional<T> parse_whole(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A finite number that is not negative; from_chars would take "nan" and "-0.0" too.
double parse_number(std::string_view text, std::string_view what) {
  const auto value = parse_whole<double>(text);
  if (!value || !std::isfinite(*value) || std::signbit(*value)) {
    throw UsageError(fmt::format("'{}' is not {}", text, what));
  }
  return *value;
}

nanoseconds scaled(std::string_view text, double value, double unit_ns) {
  const double ns = value * unit_ns;
  if (ns >= 9.2e18) throw UsageError(fmt::format("'{}' is too long a time", text));
  return nanoseconds(static_cast<std::int64_t>(std::llround(ns)));
}

std::size_t unit_of(std::string_view text, std::string_view suffix) {
  if (suffix.empty() || suffix == "B") return 1;
  const std::size_t power = std::string_view("KMGT").find(suffix.front()) + 1;  // npos + 1 is 0: no such suffix
  const std::string_view rest = suffix.substr(1);
  const bool binary = rest == "i" || rest == "iB";
  if (power == 0 || !(binary || rest.empty() || rest == "B")) {
    throw UsageError(fmt::format("'{}' is not a size: bytes, or a number with K, M, G, T, KiB, MiB, GiB or TiB", text));
  }
  std::size_t unit = 1;
  for (std::size_t i = 0; i < power; ++i) unit *= binary ? 1024 : 1000;
  return unit;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  // Only a dotted quad: "127.example.org" is somebody's name.
  if (!host.starts_with("127.") || host.find_first_not_of("0123456789.") != std::string_view::npos) return false;
  return std::count(host.begin(), host.end(), '.') == 3;
}

// Host and port of "tcp://HOST:PORT".
std::pair<std::string_view, std::uint16_t> parse_tcp(std::string_view text) {
  constexpr std::string_view kScheme = "tcp://";
  const std::size_t colon = text.rfind(':');
  if (text.starts_with(kScheme) && colon > kScheme.size() && colon != std::string_view::npos) {
    const std::string_view host = text.substr(kScheme.size(), colon - kScheme.size());
    const auto port = parse_whole<std::uint16_t>(text.substr(colon + 1));
    const bool bracketed = host.front() == '[' && host.back() == ']' && host.size() > 2;
    const bool plain = host.find_first_of("[]:/ \t\n;") == std::string_view::npos;
    if (port && (bracketed || plain)) return {host, *port};
  }
  throw UsageError(fmt::format("'{}' is not an endpoint: tcp://HOST:PORT", text));
}

}  // namespace

std::uint64_t parse_count(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto value = parse_whole<std::uint64_t>(text);
  if (!value || *value < least || *value > most) {
    const bool open = most == std::numeric_limits<std::uint64_t>::max();
    throw UsageError(fmt::format("'{}' is not a whole number {}", text,
                                 open ? fmt::format("from {} on", least) : fmt::format("from {} to {}", least, most)));
  }
  return *value;
}

double parse_rate(std::string_view text) {
  constexpr double kLeast = 1e-6;
  constexpr double kMost = 1e9;
  const double value = parse_number(text, "a rate in Hz");
  if (value != 0 && (value < kLeast || value > kMost)) {
    throw UsageError(fmt::format("'{}' is not a rate in Hz: 0, or from {} to {}", text, kLeast, kMost));
  }
  return value;
}

nanoseconds parse_seconds(std::string_view text, Infinity infinity) {
  if (text == "inf" && infinity == Infinity::Allowed) return kForever;
  const char* what = infinity == Infinity::Allowed ? "a number of seconds, or inf" : "a number of seconds";
  return scaled(text, parse_number(text, what), 1e9);
}

nanoseconds parse_milliseconds(std::string_view text) {
  return scaled(text, parse_number(text, "a number of milliseconds"), 1e6);
}

std::size_t parse_bytes(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto digits = static_cast<std::size_t>(end - text.data());
  if (error == std::errc::invalid_argument || error == std::errc::result_out_of_range) {
    throw UsageError(fmt::format("'{}' is not a size in bytes", text));
  }
  const std::size_t unit = unit_of(text, text.substr(digits));
  std::size_t total = 0;
  // The library does its sums in 63 bits.
  if (__builtin_mul_overflow(value, unit, &total) || total > std::size_t{std::numeric_limits<std::int64_t>::max()}) {
    throw UsageError(fmt::format("'{}' is more than any machine has", text));
  }
  if (total == 0) throw UsageError(fmt::format("'{}' is no memory at all", text));
  return total;
}

Extents parse_shape(std::string_view text) {
  std::array<std::int64_t, kMaxRank> extents{};
  std::size_t rank = 0;
  for (std::string_view rest = text;;) {
    const std::size_t cross = rest.find('x');
    const auto extent = parse_whole<std::int64_t>(rest.substr(0, cross));
    if (!extent || *extent < 1) {
      throw UsageError(fmt::format("'{}' is not a shape: extents of at least 1, outermost first, as in 2160x3840x3", text));
    }
    if (rank == kMaxRank) throw UsageError(fmt::format("'{}' has more than {} dimensions", text, kMaxRank));
    extents[rank++] = *extent;
    if (cross == std::string_view::npos) break;
    rest.remove_prefix(cross + 1);
  }
  return Extents(std::span<const std::int64_t>(extents.data(), rank));
}

DType parse_dtype(std::string_view text) {
  if (const auto dtype = dtype_from_name(text)) return *dtype;
  std::string known;
  for (std::size_t i = 0; i < kDTypeCount; ++i) {
    known += (i == 0 ? "" : ", ");
    known += name(static_cast<DType>(i));
  }
  throw UsageError(fmt::format("'{}' is not a dtype: {}", text, known));
}

std::string parse_stream_name(std::string_view text) {
  constexpr std::string_view kAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::size_t kLongest = 64;
  const bool starts = !text.empty() && kAlphanumeric.find(text.front()) != std::string_view::npos;
  const bool holds = text.find_first_not_of(std::string(kAlphanumeric) + "._-") == std::string_view::npos;
  if (!starts || !holds || text.size() > kLongest) {
    throw UsageError(
        fmt::format("'{}' is not a stream name: up to {} of A-Z a-z 0-9 . _ -, the first a letter or digit", text, kLongest));
  }
  return std::string(text);
}

Reach check_listen_endpoint(std::string_view text) {
  return is_loopback(parse_tcp(text).first) ? Reach::Loopback : Reach::Network;
}

void check_connect_endpoint(std::string_view text) {
  constexpr std::string_view kIpc = "ipc://";
  constexpr std::size_t kLongestPath = 107;  // of a unix socket
  if (text.starts_with(kIpc)) {
    const std::size_t length = text.size() - kIpc.size();
    if (length == 0 || length > kLongestPath) {
      throw UsageError(fmt::format("'{}' is not an endpoint: ipc:// and a path of up to {} bytes", text, kLongestPath));
    }
    return;
  }
  if (!text.starts_with("tcp://")) throw UsageError(fmt::format("'{}' is not an endpoint: tcp://HOST:PORT or ipc://PATH", text));
  if (parse_tcp(text).second == 0) throw UsageError(fmt::format("'{}': nobody can be found at port 0", text));
}

}  // namespace arraywire::cli
