// One folder per stream: lock, data.sock, slots.sock. The lock says who serves it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace arraywire::transport {

// What the lock file says of its holder.
struct FolderInfo {
  int pid = 0;
  std::string user{};
  std::vector<std::string> endpoints{};
  std::uint32_t consumers = 0;
};

// A stream's name, held for this object's life by an open-file-description lock (F_OFD_SETLK) on `lock`, closed in forked children
// (and with O_CLOEXEC). A folder that a killed publisher left is taken over. The lock file is never unlinked; data.sock and slots.sock are,
// when we let go.
// Errors: the constructor throws Error: InUse naming stream, folder and the holder's pid; InvalidArgument for a bad name or a
// socket path above 107 bytes; NotPermitted and System naming the path.
class StreamFolder {
 public:
  StreamFolder(const std::filesystem::path& runtime_directory, const std::string& stream);
  ~StreamFolder();
  StreamFolder(const StreamFolder&) = delete;
  StreamFolder& operator=(const StreamFolder&) = delete;

  const std::filesystem::path& path() const noexcept;
  std::string data_endpoint() const;                 // "ipc://.../data.sock"
  void write_info(const FolderInfo& info) noexcept;  // into the lock file, replaced whole

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

struct FoundStream {
  std::string name{};
  std::filesystem::path folder{};
  FolderInfo info{};
};
// Only asks (F_OFD_GETLK): never takes a lock, so that it cannot refuse a starting publisher.
bool is_served(const std::filesystem::path& folder) noexcept;
std::optional<std::filesystem::path> find_served(const std::vector<std::filesystem::path>& runtime_directories, const std::string& stream);
std::vector<FoundStream> list_served(const std::vector<std::filesystem::path>& runtime_directories);

}  // namespace arraywire::transport
