// Discovery: who serves what, asked of the lock files alone.
#include "transport/runtime_directory.hpp"
#include "transport/stream_folder.hpp"

#include <algorithm>
#include <system_error>

namespace arraywire::transport {
namespace {

namespace fs = std::filesystem;

// In `directory`, by name. What cannot be read is not there.
std::vector<std::string> stream_names(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (is_stream_name(name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

bool is_served(const fs::path& folder) noexcept {
  try {
    return static_cast<bool>(open_if_locked(folder / "lock"));
  } catch (const std::bad_alloc&) {
    return false;
  }
}

std::optional<fs::path> find_served(const std::vector<fs::path>& runtime_directories, const std::string& stream,
                                    const memory::AccountIds& trusted) {
  if (!is_stream_name(stream)) return std::nullopt;
  for (const fs::path& directory : runtime_directories) {
    const fs::path folder = directory / stream;
    if (why_not_trusted(directory, trusted).empty() && why_not_trusted(folder, trusted).empty() && is_served(folder))
      return folder;
  }
  return std::nullopt;
}

std::vector<FoundStream> list_served(const std::vector<fs::path>& runtime_directories, const memory::AccountIds& trusted) {
  std::vector<FoundStream> found;
  for (const fs::path& directory : runtime_directories) {
    if (!why_not_trusted(directory, trusted).empty()) continue;
    for (const std::string& name : stream_names(directory)) {
      const fs::path folder = directory / name;
      if (!why_not_trusted(folder, trusted).empty()) continue;
      const memory::Descriptor lock = open_if_locked(folder / "lock");
      if (lock) found.push_back({.name = name, .folder = folder, .info = read_folder_info(lock.get())});
    }
  }
  return found;
}

}  // namespace arraywire::transport
