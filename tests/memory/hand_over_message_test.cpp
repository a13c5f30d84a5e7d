#include "memory/hand_over_message.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace arraywire::memory {
namespace {

const std::vector<HandOverMessage> kMessages{
    Greeting{.session = {.high = 0x1122334455667788, .low = 0x99AABBCCDDEEFF00}},
    SlotOffer{.id = 7, .bytes = 49'766'400},
    Retire{.id = 0x0102030405060708},
    Unmapped{.id = 1},
    RingOffer{.bytes = 135'168},
    BellOffer{},
};

TEST(HandOverMessage, ComesBackAsItWas) {
  for (const HandOverMessage& message : kMessages) {
    const auto decoded = decode(encode(message));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, message);
  }
}

TEST(HandOverMessage, HasTheBytesThatTheProtocolSays) {
  const HandOverPacket packet = encode(kMessages[0]);
  const std::array<unsigned char, 24> expected{'A',  'W',  'H',  'O',  1,    0,    1,    0,    0x88, 0x77, 0x66, 0x55,
                                               0x44, 0x33, 0x22, 0x11, 0x00, 0xFF, 0xEE, 0xDD, 0xCC, 0xBB, 0xAA, 0x99};
  EXPECT_TRUE(std::equal(packet.begin(), packet.end(), expected.begin(),
                         [](std::byte a, unsigned char b) { return std::to_integer<unsigned char>(a) == b; }));
}

TEST(HandOverMessage, OfAnyOtherSizeIsRefused) {
  for (const HandOverMessage& message : kMessages) {
    const HandOverPacket packet = encode(message);
    for (std::size_t size = 0; size < packet.size(); ++size)
      EXPECT_EQ(decode(std::span(packet).first(size)).error(), HandOverError::WrongSize);
    std::vector<std::byte> longer(packet.begin(), packet.end());
    longer.push_back(std::byte{0});
    EXPECT_EQ(decode(longer).error(), HandOverError::WrongSize);
  }
}

TEST(HandOverMessage, WithAnyBitFlippedIsRefusedOrMeansWhatItsBytesSay) {
  for (const HandOverMessage& message : kMessages) {
    for (std::size_t bit = 0; bit < 8 * kHandOverPacketBytes; ++bit) {
      HandOverPacket packet = encode(message);
      packet[bit / 8] ^= std::byte{1} << (bit % 8);
      const auto decoded = decode(packet);
      if (decoded) {
        EXPECT_EQ(encode(*decoded), packet);
      } else if (bit < 32) {
        EXPECT_EQ(decoded.error(), HandOverError::Malformed) << bit;
      } else if (bit < 48) {
        EXPECT_EQ(decoded.error(), HandOverError::OtherVersion) << bit;
      }
      EXPECT_FALSE(decoded && bit < 48) << bit;
    }
  }
}

TEST(HandOverMessage, WithoutAnIdOrWithANumberTooManyIsRefused) {
  EXPECT_EQ(decode(encode(Greeting{})).error(), HandOverError::Malformed);
  EXPECT_EQ(decode(encode(SlotOffer{.id = 0, .bytes = 1})).error(), HandOverError::Malformed);
  EXPECT_EQ(decode(encode(SlotOffer{.id = 1, .bytes = 0})).error(), HandOverError::Malformed);
  EXPECT_EQ(decode(encode(Retire{})).error(), HandOverError::Malformed);
  EXPECT_EQ(decode(encode(Unmapped{})).error(), HandOverError::Malformed);
  HandOverPacket packet = encode(Retire{.id = 1});
  packet[23] = std::byte{1};
  EXPECT_EQ(decode(packet).error(), HandOverError::Malformed);
  for (const unsigned kind : {0U, 5U, 255U}) {
    packet = encode(SlotOffer{.id = 1, .bytes = 1});
    packet[6] = std::byte{static_cast<unsigned char>(kind)};
    EXPECT_EQ(decode(packet).error(), HandOverError::Malformed);
  }
}

TEST(HandOverMessage, EveryErrorHasWords) {
  std::vector<std::string_view> words;
  for (int error = 0; error <= static_cast<int>(HandOverError::TooManySlots); ++error) {
    words.push_back(describe(static_cast<HandOverError>(error)));
    EXPECT_GT(words.back().size(), 5u);
  }
  std::sort(words.begin(), words.end());
  EXPECT_EQ(std::unique(words.begin(), words.end()), words.end());
}

}  // namespace
}  // namespace arraywire::memory
