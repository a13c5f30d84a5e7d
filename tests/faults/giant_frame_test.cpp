// Frames beyond 2 GiB and 4 GiB, where 32-bit sizes end.
#include "faults/pattern.hpp"
#include "faults/scene.hpp"
#include "sanitized.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <fstream>
#include <string>
#include <tuple>

namespace faults {
namespace {

using namespace arraywire;

constexpr std::size_t kGiB = std::size_t{1} << 30U;
constexpr std::size_t kPage = 4096;

std::size_t available_bytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string key; file >> key;) {
    std::size_t kib = 0;
    if (key == "MemAvailable:" && file >> kib) return kib * 1024;
  }
  return 0;
}

// Zeros that need no memory, but for the pages that are written.
class Sparse {
 public:
  explicit Sparse(std::size_t bytes)
      : bytes_(static_cast<std::byte*>(
                   ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)),
               bytes) {}
  ~Sparse() { ::munmap(bytes_.data(), bytes_.size()); }
  Sparse(const Sparse&) = delete;
  Sparse& operator=(const Sparse&) = delete;
  std::span<std::byte> bytes() const { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

// Where a frame of `bytes` bytes is written and looked at: both ends and around each GiB.
std::vector<std::size_t> places(std::size_t bytes) {
  std::vector<std::size_t> all{0, bytes - kPage};
  for (std::size_t at = kGiB; at + 3 * kPage < bytes; at += kGiB) all.insert(all.end(), {at - kPage, at, at + 2 * kPage});
  return all;
}

class GiantFrame : public testing::TestWithParam<std::tuple<Way, std::size_t>> {};
INSTANTIATE_TEST_SUITE_P(Over, GiantFrame, testing::Combine(every_way(), testing::Values(2 * kGiB, 4 * kGiB)),
                         [](const auto& of) {
                           return way_name(std::get<0>(of.param)) + std::to_string(std::get<1>(of.param) / kGiB) + "GiB";
                         });

TEST_P(GiantFrame, IsDeliveredWhole) {
  const auto [way, beyond] = GetParam();
  if (kSanitized) GTEST_SKIP() << "a sanitizer's shadow of this frame does not fit into memory";
  if (available_bytes() < beyond + 3 * kGiB) GTEST_SKIP() << "needs " << beyond / kGiB + 3 << " GiB of memory";
  const std::size_t bytes = beyond + 5 * kPage + 123;
  const RuntimeDirectory directory;
  const Sparse frame(bytes);
  for (const std::size_t at : places(bytes)) fill(frame.bytes().subspan(at, kPage), at);
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults", options_over(way, {}));
  Subscriber subscriber(context, source_of(way, publisher));
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  std::atomic<int> freed{0};
  const auto published =
      publisher.publish(Borrowed(ConstArrayView(bytes_spec(bytes), frame.bytes()),
                                 {[](void* hint) noexcept { ++*static_cast<std::atomic<int>*>(hint); }, &freed}));
  ASSERT_TRUE(published.has_value());
  const Sample sample = subscriber.take(std::chrono::minutes{5}).value();
  ASSERT_EQ(sample.array().bytes().size(), bytes);
  for (const std::size_t at : places(bytes)) EXPECT_TRUE(matches(sample.array().bytes().subspan(at, kPage), at)) << at;
  for (std::size_t at = kGiB / 2; at < bytes; at += kGiB) {
    const auto page = sample.array().bytes().subspan(at, kPage);
    EXPECT_TRUE(std::all_of(page.begin(), page.end(), [](std::byte b) { return b == std::byte{}; })) << at;
  }
  EXPECT_TRUE(eventually([&] { return freed == 1; }));
}

}  // namespace
}  // namespace faults
