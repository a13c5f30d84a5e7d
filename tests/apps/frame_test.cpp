// What a benchmark's frame is filled and checked by.
#include "frame.hpp"

#include <gtest/gtest.h>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {
namespace {

constexpr std::uint64_t kCounter = 0x1234;

TEST(Frame, IsReadInFullSoThatNoByteCanBeAnother) {
  for (std::size_t size = kSmallestFrameBytes; size <= 200; size += sizeof(std::uint64_t)) {
    std::vector<std::byte> frame(size);
    fill(frame, kCounter);
    ASSERT_TRUE(read_back(frame, kCounter)) << size;
    ASSERT_FALSE(read_back(frame, kCounter + 1)) << size;
    for (std::byte& byte : frame) {
      byte ^= std::byte{0x10};
      EXPECT_FALSE(read_back(frame, kCounter)) << "byte " << (&byte - frame.data()) << " of " << size;
      byte ^= std::byte{0x10};
    }
  }
}

}  // namespace
}  // namespace bench
