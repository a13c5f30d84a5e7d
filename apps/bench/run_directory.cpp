#include "run_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace bench {

namespace {

using arraywire::memory::Descriptor;

constexpr char kPrefix[] = "arraywire-bench-";
constexpr std::chrono::minutes kJustMade{1};  // perhaps not locked yet
constexpr std::chrono::seconds kPatience{5};

// Empty when another process has it locked. The lock lasts as long as the process, however it ends.
Descriptor lock(const std::filesystem::path& path) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return directory && ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0 ? std::move(directory) : Descriptor();
}

// Of programs of this user that were killed.
void remove_left_over(const std::filesystem::path& where) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(where, ignored)) {
    if (!entry.path().filename().string().starts_with(kPrefix)) continue;
    struct stat about {};
    if (::lstat(entry.path().c_str(), &about) != 0 || about.st_uid != ::geteuid()) continue;
    if (std::chrono::system_clock::from_time_t(about.st_mtime) + kJustMade > std::chrono::system_clock::now()) continue;
    if (lock(entry.path())) std::filesystem::remove_all(entry.path(), ignored);
  }
}

}  // namespace

RunDirectory::RunDirectory() {
  const std::filesystem::path where = std::filesystem::temp_directory_path();
  remove_left_over(where);
  std::string path = (where / kPrefix).string() + "XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "make directory " + path);
  path_ = path;
  locked_ = lock(path_);
}

RunDirectory::~RunDirectory() {
  // What peers have started (mpirun's ranks) may end just now, and make a file in a directory that is being removed.
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::error_code failed;
  while (std::filesystem::remove_all(path_, failed), failed && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

std::filesystem::path RunDirectory::make_child() {
  std::filesystem::path child = path_ / std::to_string(++children_);
  if (::mkdir(child.c_str(), S_IRWXU) != 0) {
    throw std::system_error(errno, std::generic_category(), "make directory " + child.string());
  }
  return child;
}

}  // namespace bench
