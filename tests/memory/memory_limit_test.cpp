// A memory cgroup smaller than the pool. Beyond it the kernel does not refuse, it kills: so the pool must refuse first.
#include "memory/in_child.hpp"
#include "memory/pool_fixture.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace arraywire::memory {
namespace {

namespace fs = std::filesystem;
using arraywire::testing::in_child;

bool write_to(const fs::path& file, const std::string& text) {
  std::ofstream out(file);
  out << text << std::flush;
  return out.good();
}

// A memory cgroup with a limit, below the first place where one can be made; removed at the end.
class MemoryLimit : public ::testing::Test {
 protected:
  static constexpr std::size_t kLimit = 96 * kMiB;

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

TEST_F(MemoryLimit, IsSeen) {
  const std::string said =
      in_group([] { return std::to_string(default_limit_bytes()) + " " + std::to_string(available_bytes() < kLimit); });
  EXPECT_EQ(said, std::to_string(kLimit / 4) + " 1");
}

TEST_F(MemoryLimit, BelowThePoolIsTooLargeForOneSlotAndNobodyIsKilled) {
  EXPECT_EQ(in_group([]() -> std::string {
              const auto pool = Pool::create(512 * kMiB);
              const auto slot = pool->take(128 * kMiB, kForEver, -1);
              return slot ? "got it" : std::to_string(static_cast<int>(slot.error()));
            }),
            std::to_string(static_cast<int>(PoolError::TooLarge)));
}

TEST_F(MemoryLimit, BelowThePoolIsExhaustedForManySlotsAndEveryByteOfThoseIsThere) {
  EXPECT_EQ(in_group([]() -> std::string {
              const auto pool = Pool::create(512 * kMiB);
              std::vector<Reference> slots;
              for (;;) {
                auto slot = pool->take(8 * kMiB, kNow, -1);
                if (!slot)
                  return slot.error() == PoolError::Exhausted && slots.size() >= 4 ? "exhausted"
                                                                                   : "after " + std::to_string(slots.size());
                // A sanitizer's shadow of the slot would not fit into the group.
                if (!kSanitized) std::memset(slot_in(*slot).bytes().data(), 1, slot_in(*slot).bytes().size());
                slots.push_back(std::move(*slot));
              }
            }),
            "exhausted");
}

TEST_F(MemoryLimit, FreeSlotsMakeRoomForALargerOne) {
  EXPECT_EQ(in_group([]() -> std::string {
              const auto pool = Pool::create(512 * kMiB);
              {
                std::vector<Reference> slots;
                for (int i = 0; i < 6; ++i) slots.push_back(take(*pool, 8 * kMiB));
              }
              const auto large = pool->take(48 * kMiB, kNow, -1);
              return large ? "made room" : "no room";
            }),
            "made room");
}

}  // namespace
}  // namespace arraywire::memory
