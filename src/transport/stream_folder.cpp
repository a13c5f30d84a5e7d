#include "transport/stream_folder.hpp"

#include "arraywire/error.hpp"
#include "core/clock.hpp"
#include "transport/accounts.hpp"
#include "transport/runtime_directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace arraywire::transport {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxSocketPathBytes = sizeof(sockaddr_un{}.sun_path) - 1;  // 107
constexpr const char* kDataSocket = "data.sock";
constexpr const char* kSlotsSocket = "slots.sock";
constexpr const char* kLock = "lock";

[[noreturn]] void throw_system(const fs::path& path, const char* step, int error) {
  const bool refused = error == EACCES || error == EPERM || error == EROFS;
  throw Error(refused ? ErrorCode::NotPermitted : ErrorCode::System, path.string() + ": " + step + ": " + std::strerror(error));
}

fs::path checked_path(const fs::path& runtime_directory, const std::string& stream) {
  if (!is_stream_name(stream)) {
    throw Error(ErrorCode::InvalidArgument,
                "stream name '" + stream + "': must be 1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or digit");
  }
  fs::path path = runtime_directory / stream;
  const fs::path longest = path / kSlotsSocket;
  if (longest.native().size() > kMaxSocketPathBytes) {
    throw Error(ErrorCode::InvalidArgument,
                longest.string() + ": " + std::to_string(longest.native().size()) + " bytes; the path of a socket has at most " +
                    std::to_string(kMaxSocketPathBytes) + ": use a shorter runtime directory or stream name");
  }
  return path;
}

// chmod because the umask may have taken away even our own bits, and because an old folder may have been opened to others.
void make_folder(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) throw_system(path, "mkdir", errno);
  if (const std::string why = why_not_trusted(path); !why.empty())
    throw Error(ErrorCode::NotPermitted, path.string() + ": " + why);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw_system(path, "lstat", errno);
  if ((status.st_mode & 07777) != 0700 && status.st_uid == ::geteuid() && ::chmod(path.c_str(), 0700) != 0) {
    throw_system(path, "chmod", errno);
  }
}

// Of a publisher that was killed: zmq would replace them, but a client must not find them before.
void unlink_stale(const fs::path& socket) {
  if (::unlink(socket.c_str()) != 0 && errno != ENOENT)
    throw_system(socket, "removing what an earlier publisher left: unlink", errno);
}

[[noreturn]] void throw_in_use(const fs::path& path, const std::string& stream) {
  FolderInfo holder;
  if (const memory::Descriptor lock = open_if_locked(path / kLock)) holder = read_folder_info(lock.get());
  const std::string who = holder.pid > 0 ? "process " + std::to_string(holder.pid) : "another process";
  throw Error(ErrorCode::InUse, "stream '" + stream + "' is served by " + who +
                                    (holder.user.empty() ? "" : " of user " + holder.user) + " already, in " + path.string());
}

}  // namespace

StreamFolder::StreamFolder(const fs::path& runtime_directory, const std::string& stream, memory::AccountIds allowed)
    : path_(checked_path(runtime_directory, stream)), allowed_(std::move(allowed)), user_(name_of_user(::geteuid())) {
  make_folder(path_);
  try {
    lock_.emplace(path_ / kLock);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::InUse) throw;
    throw_in_use(path_, stream);
  }
  unlink_stale(path_ / kDataSocket);
  unlink_stale(path_ / kSlotsSocket);
  write_info({});
  if (allowed_.empty()) return;
  grant(path_ / kLock, allowed_, "r--", GrantTo::Only);
  grant(path_, allowed_, "r-x", GrantTo::Only);
}

// The sockets go while the lock is still ours: afterwards they may be a successor's.
StreamFolder::~StreamFolder() {
  if (!lock_->held()) return;
  for (const char* socket : {kDataSocket, kSlotsSocket}) {
    try {
      ::unlink((path_ / socket).c_str());
    } catch (const std::bad_alloc&) {  // it stays, and the next publisher removes it
    }
  }
}

void StreamFolder::share(const fs::path& socket) const {
  if (!allowed_.empty()) grant(socket, allowed_, "rw-", GrantTo::Only);
}

// Opened anew for each writing: closing a second description of the file does not touch the lock.
void StreamFolder::write_info(const FolderInfo& info) noexcept {
  if (!lock_->held()) return;
  try {
    FolderInfo written = info;
    if (written.pid == 0) written.pid = ::getpid();
    if (written.user.empty()) written.user = user_;
    const FolderInfoText text = format_folder_info(written);
    const memory::Descriptor file(::open((path_ / kLock).c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    [[maybe_unused]] const auto size = ::pwrite(file.get(), text.data(), text.size(), 0);
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace arraywire::transport
