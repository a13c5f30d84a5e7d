// Where streams live in the file system.
#pragma once

#include "memory/account_ids.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace arraywire::transport {

// Places to look, in order: the given directory alone if it is not empty, else $ARRAYWIRE_RUNTIME_DIR alone if it is set, else
// /run/arraywire, /run/user/<uid>/arraywire, /tmp/arraywire-<uid>, and the last of these of each trusted user. Subscribers search
// all of them. Absolute paths.
std::vector<std::filesystem::path> runtime_directories(const std::filesystem::path& given,
                                                       const memory::AccountIds& trusted = {});

// Publishers: the first usable place, created 0700 where it is missing; its parent never is. A symlink, a directory not owned by
// us or root, and one in which others could replace our files are refused. Throws Error that names every path tried and what was
// wrong with it: NotFound when none of them exists or can be made for want of a parent, else NotPermitted.
// `allowed` are let in, if it is ours; /run/user/<uid>, which nobody else can be let in to, is then left out.
std::filesystem::path usable_runtime_directory(const std::filesystem::path& given, const memory::AccountIds& allowed = {});

// Why nothing in this directory is to be believed: it is no directory, a symlink, or of somebody else than us, root and whom we
// trust. Empty = it may be.
std::string why_not_trusted(const std::filesystem::path& directory, const memory::AccountIds& trusted = {});

// [A-Za-z0-9][A-Za-z0-9._-]{0,63}
bool is_stream_name(std::string_view) noexcept;

}  // namespace arraywire::transport
