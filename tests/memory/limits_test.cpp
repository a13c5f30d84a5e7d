#include "memory/limits.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace arraywire::memory {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMiB = std::size_t{1} << 20;

// A machine of 1024 MiB, 512 of them available, on whose tree a test writes its cgroups.
class Limits : public ::testing::Test {
 protected:
  Limits() {
    std::string name = (fs::temp_directory_path() / "arraywire-limits-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    write("proc/meminfo", "MemTotal:        1048576 kB\nMemFree:   1 kB\nMemAvailable:     524288 kB\n");
  }
  ~Limits() override { fs::remove_all(root_); }
  void write(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  void write_v2(const std::string& group, const std::string& limit, std::size_t current, std::size_t inactive) {
    const std::string folder = "sys/fs/cgroup/" + group;
    write(folder + "memory.max", limit + "\n");
    write(folder + "memory.current", std::to_string(current) + "\n");
    write(folder + "memory.stat", "anon 5\nfile 9\ninactive_file " + std::to_string(inactive) + "\nactive_file 7\n");
  }
  void write_v1(const std::string& group, std::size_t limit, std::size_t usage, std::size_t hierarchical) {
    const std::string folder = "sys/fs/cgroup/memory/" + group;
    write(folder + "memory.limit_in_bytes", std::to_string(limit) + "\n");
    write(folder + "memory.usage_in_bytes", std::to_string(usage) + "\n");
    write(folder + "memory.stat",
          "cache 1\nhierarchical_memory_limit " + std::to_string(hierarchical) + "\ntotal_inactive_file 0\n");
  }
  void mount_v2(const std::string& top, const std::string& own) {
    write("proc/self/mountinfo", "31 23 0:28 " + top + " /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
    write("proc/self/cgroup", "0::" + own + "\n");
  }
  void mount_v1(const std::string& top, const std::string& own) {
    write("proc/self/mountinfo",
          "30 23 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
          "31 23 0:28 " +
              top + " /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n");
    write("proc/self/cgroup", "5:cpu:/elsewhere\n4:memory:" + own + "\n0::/\n");
  }
  MemoryBounds bounds() const { return memory_bounds(root_); }
  fs::path root_;
};
constexpr std::size_t kUnlimitedV1 = 9223372036854771712u;

TEST_F(Limits, WithoutCgroupsAreTheMachines) {
  EXPECT_EQ(bounds().limit_bytes, 1024 * kMiB);
  EXPECT_EQ(bounds().available_bytes, 512 * kMiB - 32 * kMiB);
}

TEST_F(Limits, OfAnUnlimitedGroupAreTheMachines) {
  mount_v2("/", "/user/app");
  write_v2("user/app/", "max", 100 * kMiB, 0);
  EXPECT_EQ(bounds().limit_bytes, 1024 * kMiB);
}

TEST_F(Limits, CountCacheThatCanBeGivenUpAsAvailable) {
  mount_v2("/", "/app");
  write_v2("app/", std::to_string(256 * kMiB), 200 * kMiB, 50 * kMiB);
  EXPECT_EQ(bounds().limit_bytes, 256 * kMiB);
  EXPECT_EQ(bounds().available_bytes, (256 - 150 - 16) * kMiB);
}

TEST_F(Limits, SeeTheTightestGroupAboveUs) {
  mount_v2("/", "/slice/service/app");
  write_v2("slice/service/app/", "max", 0, 0);
  write_v2("slice/service/", std::to_string(512 * kMiB), 300 * kMiB, 0);
  write_v2("slice/", std::to_string(400 * kMiB), 390 * kMiB, 0);
  EXPECT_EQ(bounds().limit_bytes, 400 * kMiB);
  EXPECT_EQ(bounds().available_bytes, 0u);  // the reserve is not for us
}

TEST_F(Limits, HeedTheThrottleAsWell) {
  mount_v2("/", "/app");
  write_v2("app/", "max", 10 * kMiB, 0);
  write("sys/fs/cgroup/app/memory.high", "134217728\n");
  EXPECT_EQ(bounds().limit_bytes, 128 * kMiB);
}

TEST_F(Limits, AreReadInAContainerThatSeesOnlyItsOwnGroup) {
  mount_v2("/docker/abc", "/docker/abc");
  write_v2("", std::to_string(64 * kMiB), 0, 0);
  EXPECT_EQ(bounds().limit_bytes, 64 * kMiB);
  EXPECT_EQ(bounds().available_bytes, 60 * kMiB);
}

TEST_F(Limits, AreReadWhenThePathIsOfAnotherNamespace) {
  mount_v2("/", "/../../elsewhere");
  write_v2("", std::to_string(64 * kMiB), 0, 0);
  EXPECT_EQ(bounds().limit_bytes, 64 * kMiB);
}

TEST_F(Limits, OfVersionOneAreReadUpTheHierarchy) {
  mount_v1("/", "/a/b");
  write_v1("a/b/", kUnlimitedV1, 20 * kMiB, 256 * kMiB);
  write_v1("a/", 256 * kMiB, 100 * kMiB, 256 * kMiB);
  write_v1("", kUnlimitedV1, 0, kUnlimitedV1);
  EXPECT_EQ(bounds().limit_bytes, 256 * kMiB);
  EXPECT_EQ(bounds().available_bytes, (256 - 100 - 16) * kMiB);
}

TEST_F(Limits, OfVersionOneHeedAncestorsThatCannotBeSeen) {
  mount_v1("/docker/abc", "/docker/abc");
  write_v1("", kUnlimitedV1, 20 * kMiB, 128 * kMiB);
  EXPECT_EQ(bounds().limit_bytes, 128 * kMiB);
  EXPECT_EQ(bounds().available_bytes, (128 - 20 - 8) * kMiB);
}

TEST_F(Limits, SurviveNonsense) {
  write("proc/meminfo", "garbage\nMemTotal:\nMemAvailable: many\n");
  write("proc/self/cgroup", "\n:\n0:\n0::\n");
  write("proc/self/mountinfo", "\n - \na b c - cgroup2\n1 2 3 / /x - cgroup2 x\n");
  EXPECT_GT(bounds().limit_bytes, 0u);
}

TEST(LimitsOfThisMachine, AreSensible) {
  EXPECT_GT(available_bytes(), 0u);
  EXPECT_LT(available_bytes(), std::size_t{1} << 50);
  EXPECT_GT(default_limit_bytes(), 0u);
}

}  // namespace
}  // namespace arraywire::memory
