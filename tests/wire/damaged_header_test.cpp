// Whatever bytes come: a typed error or a message that the protocol allows. Under sanitizers this also finds bad reads.
#include "wire/golden.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace arraywire::wire {
namespace {

using testing::golden_folder;
using testing::golden_messages;
using testing::receive;
using testing::require_valid;

class DamagedHeader : public ::testing::Test {
 protected:
  // True: it was accepted, as a valid message.
  bool accepts(std::span<const std::byte> header) {
    const auto message = receive(decoder_, header);
    if (message) require_valid(encoder_, second_decoder_, *message);
    return message.has_value();
  }
  WireError error_of(std::span<const std::byte> header) {
    const auto envelope = decoder_.read(header);
    EXPECT_FALSE(envelope);
    return envelope ? WireError{} : envelope.error();
  }
  static std::vector<std::vector<std::byte>> golden_headers() {
    std::vector<std::vector<std::byte>> headers;
    for (const auto& message : golden_messages(golden_folder()))
      headers.push_back(testing::read_file(golden_folder() / message.file));
    return headers;
  }

  Encoder encoder_;
  Decoder decoder_;
  Decoder second_decoder_;
};

TEST_F(DamagedHeader, WithAnyOneBitFlippedIsRefusedOrValid) {
  for (auto header : golden_headers()) {
    ASSERT_TRUE(accepts(header));
    for (std::size_t bit = 0; bit < header.size() * 8; ++bit) {
      const auto mask = static_cast<std::byte>(1U << (bit % 8));
      header[bit / 8] ^= mask;
      ASSERT_NO_THROW(accepts(header)) << "bit " << bit;
      header[bit / 8] ^= mask;
    }
  }
}

TEST_F(DamagedHeader, WithTheFileIdentifierDamagedIsNotArraywire) {
  for (auto header : golden_headers()) {
    header[5] ^= std::byte{1};
    EXPECT_EQ(error_of(header), WireError::NotArraywire);
  }
}

TEST_F(DamagedHeader, CutAnywhereIsRefusedOrValid) {
  for (const auto& header : golden_headers()) {
    for (std::size_t length = 0; length < header.size(); ++length) {
      // In memory of exactly that size, so that a sanitizer sees a read past its end.
      const std::vector<std::byte> cut(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(length));
      ASSERT_NO_THROW(accepts(cut)) << length << " of " << header.size();
      if (length < 8) {
        EXPECT_EQ(error_of(cut), WireError::NotArraywire);
      }
    }
    const std::vector<std::byte> half(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(header.size() / 2));
    EXPECT_FALSE(accepts(half));
  }
}

TEST_F(DamagedHeader, ClaimingAnyLengthOrOffsetAnywhereIsRefusedOrValid) {
  constexpr std::uint32_t kClaims[] = {0, 1, 0xFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF};
  for (const auto& header : golden_headers()) {
    for (std::size_t at = 0; at + 4 <= header.size(); at += 2) {
      for (const std::uint32_t claim : kClaims) {
        auto damaged = header;
        std::memcpy(damaged.data() + at, &claim, sizeof claim);
        ASSERT_NO_THROW(accepts(damaged)) << claim << " at " << at;
      }
    }
  }
}

TEST_F(DamagedHeader, WithManyBytesOverwrittenIsRefusedOrValid) {
  std::mt19937 random(11);  // NOLINT: the same damage every time
  const auto headers = golden_headers();
  for (int round = 0; round < 20'000; ++round) {
    auto header = headers[random() % headers.size()];
    for (std::uint32_t n = random() % 8 + 2; n > 0; --n) header[random() % header.size()] = static_cast<std::byte>(random());
    ASSERT_NO_THROW(accepts(header)) << "round " << round;
  }
}

TEST_F(DamagedHeader, OfNoBytesIsNotArraywire) { EXPECT_EQ(error_of({}), WireError::NotArraywire); }

TEST_F(DamagedHeader, OfZerosIsNotArraywire) { EXPECT_EQ(error_of(std::vector<std::byte>(4096)), WireError::NotArraywire); }

TEST_F(DamagedHeader, AboveTheLimitIsRefusedUnread) {
  const std::vector<std::byte> oversized(kMaxHeaderBytes + 1);
  EXPECT_EQ(error_of(oversized), WireError::Oversized);
  // 2 GiB that are not there: the size alone decides.
  EXPECT_EQ(error_of({oversized.data(), std::size_t{1} << 31U}), WireError::Oversized);
  // The limit itself is allowed, and then it is the contents that count.
  EXPECT_EQ(error_of({oversized.data(), kMaxHeaderBytes}), WireError::NotArraywire);
}

TEST_F(DamagedHeader, PaddedToTheLimitIsStillItself) {
  auto header = golden_headers().front();
  header.resize(kMaxHeaderBytes);
  EXPECT_TRUE(accepts(header));
}

TEST_F(DamagedHeader, DoesNotKeepTheNextOneFromBeingRead) {
  for (const auto& header : golden_headers()) {
    EXPECT_FALSE(accepts(std::span(header).first(header.size() / 2)));
    EXPECT_TRUE(accepts(header));
  }
}

TEST_F(DamagedHeader, IsReadAtAnyAlignment) {
  for (const auto& header : golden_headers()) {
    std::vector<std::byte> memory(header.size() + 16);
    for (std::size_t shift = 0; shift < 16; ++shift) {
      std::copy(header.begin(), header.end(), memory.begin() + static_cast<std::ptrdiff_t>(shift));
      EXPECT_TRUE(accepts(std::span(memory).subspan(shift, header.size())));
    }
  }
}

TEST_F(DamagedHeader, LeavesNoBodyToDecode) {
  const auto header = golden_headers().front();
  ASSERT_TRUE(decoder_.read(header));
  EXPECT_FALSE(decoder_.read(std::span(header).first(20)));
  Hello hello;
  EXPECT_FALSE(decoder_.hello(hello));
}

TEST_F(DamagedHeader, IsNeverDecodedAsAnotherKind) {
  ASSERT_TRUE(decoder_.read(golden_headers().front()));  // a Hello
  Welcome welcome;
  Data data;
  Bye bye;
  EXPECT_FALSE(decoder_.welcome(welcome));
  EXPECT_FALSE(decoder_.data(data));
  EXPECT_FALSE(decoder_.bye(bye));
}

}  // namespace
}  // namespace arraywire::wire
