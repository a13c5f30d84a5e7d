// One folder per stream: lock, data.sock, slots.sock. The lock says who serves it.
#pragma once

#include "memory/account_ids.hpp"
#include "transport/folder_info.hpp"
#include "transport/folder_lock.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace arraywire::transport {

// A stream's name, held for this object's life by the lock on `lock`, which forked children and executed programs do not keep. A
// folder that a killed publisher left is taken over. The lock file is never unlinked; data.sock and slots.sock are, when we take
// over and when we let go. Threads: one at a time. In a forked child it holds nothing, does nothing and leaves the files alone.
// Errors: the constructor throws Error: InUse naming stream, folder and the holder's pid; InvalidArgument for a bad name or a
// socket path above 107 bytes; NotPermitted and System naming the path.
class StreamFolder {
 public:
  // `allowed` may look, and use the sockets that share() is called for.
  StreamFolder(const std::filesystem::path& runtime_directory, const std::string& stream, memory::AccountIds allowed = {});
  ~StreamFolder();
  StreamFolder(const StreamFolder&) = delete;
  StreamFolder& operator=(const StreamFolder&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path data_socket() const { return path_ / "data.sock"; }
  std::string data_endpoint() const { return "ipc://" + data_socket().string(); }
  std::filesystem::path slots_socket() const { return path_ / "slots.sock"; }
  void share(const std::filesystem::path& socket) const;  // which is bound. Throws Error
  // Into the lock file, replaced whole. pid and user are ours where they are not given. Information only: a failure is no error.
  void write_info(const FolderInfo& info) noexcept;

 private:
  std::filesystem::path path_;
  memory::AccountIds allowed_;
  std::string user_;
  std::optional<FolderLock> lock_{};
};

struct FoundStream {
  std::string name{};
  std::filesystem::path folder{};
  FolderInfo info{};
};
// Only asks (F_OFD_GETLK): never takes a lock, so that it cannot refuse a starting publisher.
bool is_served(const std::filesystem::path& folder) noexcept;
// In the first of the directories that serves it. Directories and folders that are not to be trusted are passed over.
std::optional<std::filesystem::path> find_served(const std::vector<std::filesystem::path>& runtime_directories,
                                                 const std::string& stream, const memory::AccountIds& trusted = {});
// All of them, in the order of the directories and then of the names.
std::vector<FoundStream> list_served(const std::vector<std::filesystem::path>& runtime_directories,
                                     const memory::AccountIds& trusted = {});

}  // namespace arraywire::transport
