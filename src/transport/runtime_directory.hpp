// Where streams live in the file system.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace arraywire::transport {

// Places to look, in order: the given directory alone if it is not empty, else $ARRAYWIRE_RUNTIME_DIR alone if it is set, else
// /run/arraywire, /run/user/<uid>/arraywire, /tmp/arraywire-<uid>. Subscribers search all of them.
std::vector<std::filesystem::path> runtime_directories(const std::filesystem::path& given);

// Publishers: the first usable place, created 0700 where it is missing. A symlink, or a directory not owned by us or root, is
// refused. Throws Error that names every path tried and what was wrong with it.
std::filesystem::path usable_runtime_directory(const std::filesystem::path& given);

// [A-Za-z0-9][A-Za-z0-9._-]{0,63}
bool is_stream_name(std::string_view) noexcept;

}  // namespace arraywire::transport
