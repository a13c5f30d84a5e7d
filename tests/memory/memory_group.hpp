// A memory cgroup for tests of what happens where memory ends. Beyond its limit the kernel does not refuse, it kills.
#pragma once

#include "memory/in_child.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace arraywire::testing {

namespace fs = std::filesystem;

inline bool write_to(const fs::path& file, const std::string& text) {
  std::ofstream out(file);
  out << text << std::flush;
  return out.good();
}

// A memory cgroup with a limit, below the first place where one can be made; removed at the end.
class MemoryLimit : public ::testing::Test {
 protected:
  static constexpr std::size_t kLimit = std::size_t{96} << 20U;

  void SetUp() override {
    const std::string name = "arraywire-test-" + std::to_string(::getpid());
    for (const auto& [top, file] :
         {std::pair{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, std::pair{"/sys/fs/cgroup", "memory.max"}}) {
      if (!fs::exists(fs::path(top) / "cgroup.procs")) continue;
      group_ = fs::path(top) / name;
      if (::mkdir(group_.c_str(), 0700) != 0) continue;
      if (fs::exists(group_ / file) && write_to(group_ / file, std::to_string(kLimit))) return;
      ::rmdir(group_.c_str());
    }
    group_.clear();
    GTEST_SKIP() << "needs root and a memory cgroup hierarchy that can be written";
  }
  void TearDown() override {
    // The kernel takes a moment to let go of a dead process.
    for (int i = 0; !group_.empty() && ::rmdir(group_.c_str()) != 0 && i < 500; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  std::string in_group(const std::function<std::string()>& body) {
    return in_child([&]() -> std::string {
      return write_to(group_ / "cgroup.procs", std::to_string(::getpid())) ? body() : "cannot enter the group";
    });
  }
  fs::path group_{};
};

}  // namespace arraywire::testing
