// The system's limits, each set in a process of its own: an error that names the step, nothing leaked, nobody killed.
#include "arraywire/error.hpp"
#include "memory/borrowed.hpp"
#include "memory/in_child.hpp"
#include "memory/pool_fixture.hpp"

#include <sys/resource.h>

#include <string>
#include <vector>

namespace arraywire::memory {
namespace {

using namespace arraywire::testing;

void limit(__rlimit_resource what, rlim_t to) {
  const rlimit both{.rlim_cur = to, .rlim_max = to};
  if (::setrlimit(what, &both) != 0) throw Error(ErrorCode::System, "setrlimit");
}
rlim_t next_descriptor() {
  const Descriptor probe(::dup(0));
  return static_cast<rlim_t>(probe.get());
}

TEST(SystemLimits, NoDescriptorForASlotIsAnErrorThatSaysSo) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  const std::string said = in_child([]() -> std::string {
    const auto pool = Pool::create(16 * kMiB);
    const SlotMappings mappings;
    const std::size_t before = mappings.count();
    limit(RLIMIT_NOFILE, next_descriptor());
    try {
      const auto slot = pool->take(kMiB, kNow, -1);
      return "no error";
    } catch (const Error& error) {
      if (pool->bytes() != 0 || mappings.count() != before) return "leaked";
      return error.code() == ErrorCode::System ? error.what() : "wrong code";
    }
  });
  EXPECT_NE(said.find("memfd_create: Too many open files"), std::string::npos) << said;
}

TEST(SystemLimits, ALargerSlotServesWhenThereIsNoDescriptorForAnother) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  EXPECT_EQ(in_child([]() -> std::string {
              const auto pool = Pool::create(16 * kMiB);
              pool->reserve(8 * kMiB, 1);
              limit(RLIMIT_NOFILE, next_descriptor());
              const Reference slot = take(*pool, kMiB);
              return std::to_string(slot_in(slot).bytes().size());
            }),
            std::to_string(8 * kMiB));
}

TEST(SystemLimits, ASlotThatNobodyWantsGivesItsDescriptorToANewOne) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  EXPECT_EQ(in_child([]() -> std::string {
              const auto pool = Pool::create(16 * kMiB);
              take(*pool, kMiB);
              limit(RLIMIT_NOFILE, next_descriptor());
              const Reference slot = take(*pool, 8 * kMiB);
              return std::to_string(slot_in(slot).bytes().size()) + " " + std::to_string(pool->slots());
            }),
            std::to_string(8 * kMiB) + " 1");
}

TEST(SystemLimits, NoEventDescriptorForAWaitOrAQueueIsAnErrorThatSaysSo) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  const std::string said = in_child([]() -> std::string {
    const auto pool = Pool::create(kMiB);
    const Reference only = take(*pool, kMiB);
    limit(RLIMIT_NOFILE, next_descriptor());
    std::string errors;
    try {
      const auto slot = pool->take(kMiB, kForEver, -1);
    } catch (const Error& error) {
      errors += error.what();
    }
    try {
      ReleaseQueue::create();
    } catch (const Error& error) {
      errors += std::string("; ") + error.what();
    }
    return errors;
  });
  EXPECT_EQ(said, "eventfd: Too many open files; eventfd: Too many open files");
}

// The kernel answers a file beyond RLIMIT_FSIZE with SIGXFSZ, which kills.
TEST(SystemLimits, AFileSizeLimitIsAnErrorAndNoSignal) {
  const std::string said = in_child([]() -> std::string {
    const auto pool = Pool::create(16 * kMiB);
    limit(RLIMIT_FSIZE, kMiB);
    const std::size_t descriptors = open_descriptors();
    const Reference allowed = take(*pool, kMiB);
    try {
      pool->reserve(2 * kMiB, 1);
      return "no error";
    } catch (const Error& error) {
      return open_descriptors() == descriptors + 1 ? error.what() : "leaked";
    }
  });
  EXPECT_NE(said.find("RLIMIT_FSIZE: File too large"), std::string::npos) << said;
}

TEST(SystemLimits, NoAddressSpaceIsAnErrorAndLeaksNothing) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs all the address space";
  const std::string said = in_child([]() -> std::string {
    const auto pool = Pool::create(std::size_t{1} << 30);
    limit(RLIMIT_AS, std::size_t{512} << 20);
    const std::size_t descriptors = open_descriptors();
    if (pool->take(std::size_t{600} << 20, kForEver, -1).error() != PoolError::TooLarge) return "not TooLarge";
    if (open_descriptors() != descriptors || pool->bytes() != 0) return "leaked";
    try {
      pool->reserve(std::size_t{600} << 20, 1);
      return "no error";
    } catch (const Error& error) {
      return error.code() == ErrorCode::NoMemory ? error.what() : "wrong code";
    }
  });
  EXPECT_NE(said.find("mmap: Cannot allocate memory"), std::string::npos) << said;
}

}  // namespace
}  // namespace arraywire::memory
