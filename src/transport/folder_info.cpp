#include "transport/folder_info.hpp"

#include "wire/checksum.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>

namespace arraywire::transport {
namespace {

constexpr std::string_view kBegin = "arraywire-folder";
constexpr std::uint64_t kFormat = 1;
constexpr std::string_view kCheck = "check";
constexpr std::size_t kLastLineBytes = 32;  // "check " and a number of 64 bits

std::uint64_t checksum(std::string_view text) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
  return wire::payload_checksum(std::span(&bytes, 1));
}

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

class Writer {
 public:
  explicit Writer(FolderInfoText& text) noexcept : text_(text) { text_.fill('\n'); }
  void line(std::string_view key, std::string_view value, std::size_t keep = kLastLineBytes) noexcept {
    if (key.size() + value.size() + 2 + keep > text_.size() - used_ || !printable(value)) return;
    put(key);
    put(" ");
    put(value);
    ++used_;  // the newline is there
  }
  void line(std::string_view key, std::uint64_t value, std::size_t keep = kLastLineBytes) noexcept {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    line(key, std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())), keep);
  }
  std::string_view written() const noexcept { return {text_.data(), used_}; }

 private:
  void put(std::string_view part) noexcept {
    std::memcpy(text_.data() + used_, part.data(), part.size());
    used_ += part.size();
  }
  FolderInfoText& text_;
  std::size_t used_ = 0;
};

template <class Number> std::optional<Number> to_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void parse_line(std::string_view key, std::string_view value, FolderInfo& info) {
  if (key == "pid") info.pid = std::max(to_number<int>(value).value_or(0), 0);
  if (key == "user") info.user = value;
  if (key == "endpoint") info.endpoints.emplace_back(value);
  if (key == "consumers") info.consumers = to_number<std::uint32_t>(value).value_or(0);
}

}  // namespace

FolderInfoText format_folder_info(const FolderInfo& info) noexcept {
  FolderInfoText text;
  Writer writer(text);
  writer.line(kBegin, kFormat);
  if (info.pid > 0) writer.line("pid", static_cast<std::uint64_t>(info.pid));
  if (!info.user.empty()) writer.line("user", info.user);
  writer.line("consumers", info.consumers);
  for (const std::string& endpoint : info.endpoints) writer.line("endpoint", endpoint);
  writer.line(kCheck, checksum(writer.written()), 0);
  return text;
}

FolderInfoState parse_folder_info(std::string_view text, FolderInfo& info) {
  info = {};
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    const std::size_t space = line.find(' ');
    if (space != std::string_view::npos && printable(line)) {
      const std::string_view key = line.substr(0, space), value = line.substr(space + 1);
      if (key == kCheck && to_number<std::uint64_t>(value) == checksum(text.substr(0, begin))) return FolderInfoState::Whole;
      parse_line(key, value, info);
    }
    begin = end + 1;
  }
  info = {};
  return FolderInfoState::Torn;
}

FolderInfo read_folder_info(int lock_file) {
  constexpr int kAttempts = 20;
  FolderInfo info;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    FolderInfoText text;
    const ssize_t size = ::pread(lock_file, text.data(), text.size(), 0);
    if (size <= 0) break;
    if (parse_folder_info({text.data(), static_cast<std::size_t>(size)}, info) == FolderInfoState::Whole) break;
  }
  return info;
}

}  // namespace arraywire::transport
