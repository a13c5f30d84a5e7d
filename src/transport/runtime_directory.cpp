#include "transport/runtime_directory.hpp"

#include "arraywire/error.hpp"
#include "transport/accounts.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace arraywire::transport {
namespace {

namespace fs = std::filesystem;

// What is wrong with a place; `missing`: nothing is there.
struct Fault {
  std::string why{};
  bool missing = false;
};

Fault system_fault(int error) { return {.why = std::strerror(error), .missing = error == ENOENT}; }

// lstat of "x/" follows a symlink x, and a relative path means something else after chdir.
fs::path plain(const fs::path& path) {
  const fs::path absolute = fs::absolute(path).lexically_normal();
  return absolute.has_filename() || absolute == absolute.root_path() ? absolute : absolute.parent_path();
}

std::optional<Fault> untrusted(const struct stat& status, const memory::AccountIds& trusted) {
  if (S_ISLNK(status.st_mode)) return Fault{.why = "is a symbolic link"};
  if (!S_ISDIR(status.st_mode)) return Fault{.why = "is not a directory"};
  if (status.st_uid != ::geteuid() && status.st_uid != 0 && !includes(trusted, status.st_uid)) {
    return Fault{.why = "belongs to user " + std::to_string(status.st_uid) + ", not to us (" + std::to_string(::geteuid()) +
                        ") or root"};
  }
  return std::nullopt;
}

// Whoever may rename and delete in it could put a stream of their own in the place of ours. Members of the group of a directory
// that root made for a group are root's choice.
std::optional<Fault> open_to_others(const struct stat& status) {
  const mode_t refused = status.st_uid == ::geteuid() ? S_IWGRP | S_IWOTH : S_IWOTH;
  if ((status.st_mode & refused) == 0 || (status.st_mode & S_ISVTX) != 0) return std::nullopt;
  return Fault{.why = "is writable by others and not sticky: chmod go-w it"};
}

// chmod because the umask may have taken away even our own bits. The parent lets nobody else replace it in between: it is either
// ours or root's, or sticky.
std::optional<Fault> create(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0) return errno == EEXIST ? std::nullopt : std::optional(system_fault(errno));
  if (::chmod(path.c_str(), 0700) != 0) return system_fault(errno);
  return std::nullopt;
}

std::optional<Fault> why_unusable(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) return system_fault(errno);
    if (auto fault = create(path)) return fault;
    if (::lstat(path.c_str(), &status) != 0) return system_fault(errno);
  }
  if (auto fault = untrusted(status, {})) return fault;
  if (auto fault = open_to_others(status)) return fault;
  if (::faccessat(AT_FDCWD, path.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
    return Fault{.why = std::string("is not writable: ") + std::strerror(errno)};
  }
  return std::nullopt;
}

// Root's is as root wants it.
void let_in(const fs::path& path, const memory::AccountIds& allowed) {
  struct stat status {};
  if (allowed.empty() || ::lstat(path.c_str(), &status) != 0 || status.st_uid != ::geteuid()) return;
  grant(path, allowed, "r-x", GrantTo::Also);
}

}  // namespace

std::vector<fs::path> runtime_directories(const fs::path& given, const memory::AccountIds& trusted) {
  if (!given.empty()) return {plain(given)};
  if (const char* set = std::getenv("ARRAYWIRE_RUNTIME_DIR"); set != nullptr && *set != '\0') return {plain(set)};
  const std::string uid = std::to_string(::geteuid());
  std::vector<fs::path> all{"/run/arraywire", "/run/user/" + uid + "/arraywire", "/tmp/arraywire-" + uid};
  for (const uid_t user : trusted.users) all.emplace_back("/tmp/arraywire-" + std::to_string(user));
  return all;
}

fs::path usable_runtime_directory(const fs::path& given, const memory::AccountIds& allowed) {
  std::string tried;
  bool all_missing = true;
  for (const fs::path& path : runtime_directories(given)) {
    if (!allowed.empty() && path.native().starts_with("/run/user/")) continue;
    const auto fault = why_unusable(path);
    if (!fault) {
      let_in(path, allowed);
      return path;
    }
    tried += (tried.empty() ? "" : "; ") + path.string() + ": " + fault->why;
    all_missing = all_missing && fault->missing;
  }
  throw Error(all_missing ? ErrorCode::NotFound : ErrorCode::NotPermitted, "no usable runtime directory: " + tried);
}

std::string why_not_trusted(const fs::path& directory, const memory::AccountIds& trusted) {
  struct stat status {};
  if (::lstat(plain(directory).c_str(), &status) != 0) return std::strerror(errno);
  const auto fault = untrusted(status, trusted);
  return fault ? fault->why : std::string();
}

bool is_stream_name(std::string_view name) noexcept {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  const auto allowed = [&](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= 64 && alphanumeric(name.front()) && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace arraywire::transport
