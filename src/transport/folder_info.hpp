// What a stream's lock file says of its holder.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace arraywire::transport {

struct FolderInfo {
  int pid = 0;
  std::string user{};
  std::vector<std::string> endpoints{};
  std::uint32_t consumers = 0;
};

// Lines of text, padded with newlines to one size, so that one pwrite replaces the whole. That is not atomic, so the last line is
// a checksum of those before it: a reader that meets a write half way sees that.
inline constexpr std::size_t kFolderInfoBytes = 4096;
using FolderInfoText = std::array<char, kFolderInfoBytes>;

// Leaves out what does not fit, and lines with control characters. Allocates nothing.
FolderInfoText format_folder_info(const FolderInfo& info) noexcept;

enum class FolderInfoState : std::uint8_t { Whole, Torn };
// Never trusts the text: unknown lines, control characters and numbers out of range are passed over.
FolderInfoState parse_folder_info(std::string_view text, FolderInfo& info);

// Of an open lock file. Reads again when it was torn; an empty info when it stays so, or cannot be read.
FolderInfo read_folder_info(int lock_file);

}  // namespace arraywire::transport
