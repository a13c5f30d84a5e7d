#include "consumer/numbered_path.hpp"

#include "cli/values.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace arraywire::consumer {
namespace {

[[noreturn]] void refuse(const std::string& pattern) {
  throw cli::UsageError(
      fmt::format("'{}' needs one number, as in out_%06d.exr: %d or %0Nd, N up to 20; %% is a percent sign", pattern));
}

// After a '%': the digits of "0N", and the index of what follows the 'd'. Nothing but "d" is one digit.
std::size_t parse_number(const std::string& pattern, std::size_t at, std::size_t& digits) {
  constexpr std::size_t kMostDigits = 20;
  const std::size_t end = pattern.find_first_not_of("0123456789", at);
  if (end == std::string::npos || pattern[end] != 'd') refuse(pattern);
  digits = 1;
  if (end == at) return end + 1;
  if (pattern[at] != '0' || end - at < 2 || end - at > 3) refuse(pattern);
  digits = cli::parse_count(pattern.substr(at + 1, end - at - 1), 0, 99);
  if (digits < 1 || digits > kMostDigits) refuse(pattern);
  return end + 1;
}

}  // namespace

NumberedPath::NumberedPath(const std::string& pattern) {
  std::string* part = &before_;
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern[at] != '%') {
      *part += pattern[at++];
    } else if (pattern.compare(at, 2, "%%") == 0) {
      *part += '%';
      at += 2;
    } else {
      if (part == &after_) refuse(pattern);
      at = parse_number(pattern, at + 1, digits_);
      part = &after_;
    }
  }
  if (part == &before_) refuse(pattern);
}

std::string NumberedPath::path(std::uint64_t number, const std::string& suffix) const {
  const std::filesystem::path whole(fmt::format("{}{:0{}}{}", before_, number, digits_, after_));
  if (suffix.empty()) return whole.string();
  return (whole.parent_path() / (whole.stem().string() + suffix + whole.extension().string())).string();
}

std::string NumberedPath::extension() const { return std::filesystem::path(path(0)).extension().string(); }

}  // namespace arraywire::consumer
