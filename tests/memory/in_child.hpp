// Runs a piece of a test in a process of its own: what is irreversible (limits, users, namespaces) or ends badly (signals).
#pragma once

#include "sanitized.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>

namespace arraywire::testing {

// What `body` returned or threw in the child; "killed by signal N" if it did not get so far.
inline std::string in_child(const std::function<std::string()>& body) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return "pipe failed";
  const pid_t child = ::fork();
  if (child == 0) {
    std::string said;
    try {
      said = body();
    } catch (const std::exception& error) {
      said = std::string("threw ") + error.what();
    }
    [[maybe_unused]] const auto written = ::write(ends[1], said.data(), said.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said;
  std::array<char, 512> buffer{};
  for (ssize_t size; (size = ::read(ends[0], buffer.data(), buffer.size())) > 0;)
    said.append(buffer.data(), static_cast<std::size_t>(size));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return "killed by signal " + std::to_string(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? said : "exited with status " + std::to_string(WEXITSTATUS(status));
}

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}
// Mappings of slots in this process. Opened early, it can count when there is no descriptor left.
class SlotMappings {
 public:
  SlotMappings() : maps_(::open("/proc/self/maps", O_RDONLY | O_CLOEXEC)) {}
  ~SlotMappings() { ::close(maps_); }
  SlotMappings(const SlotMappings&) = delete;
  SlotMappings& operator=(const SlotMappings&) = delete;
  std::size_t count() const {
    ::lseek(maps_, 0, SEEK_SET);
    std::string text;
    std::array<char, 4096> buffer{};
    for (ssize_t size; (size = ::read(maps_, buffer.data(), buffer.size())) > 0;)
      text.append(buffer.data(), static_cast<std::size_t>(size));
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find("arraywire-slot", at)) != std::string::npos; ++at) ++count;
    return count;
  }

 private:
  int maps_;
};
inline std::size_t slot_mappings() { return SlotMappings().count(); }

}  // namespace arraywire::testing
