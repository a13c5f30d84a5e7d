#include "memory/hand_over_message.hpp"

#include <algorithm>

namespace arraywire::memory {
namespace {

constexpr std::array<std::byte, 4> kMagic{std::byte{'A'}, std::byte{'W'}, std::byte{'H'}, std::byte{'O'}};
constexpr std::size_t kVersionAt = 4, kKindAt = 6, kFirstAt = 8, kSecondAt = 16;

// Kinds count from 1 in the order of HandOverMessage: what lies at its index i is kind i + 1.
template <class Number> void put(HandOverPacket& packet, std::size_t at, Number number) noexcept {
  for (std::size_t i = 0; i < sizeof number; ++i) packet[at + i] = static_cast<std::byte>((number >> (8 * i)) & 0xFFU);
}

std::uint64_t get(std::span<const std::byte> packet, std::size_t at, std::size_t size) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < size; ++i) number |= std::to_integer<std::uint64_t>(packet[at + i]) << (8 * i);
  return number;
}

struct Numbers {
  std::uint64_t first = 0, second = 0;
};
Numbers numbers_of(const HandOverMessage& message) noexcept {
  if (const auto* m = std::get_if<Greeting>(&message)) return {m->session.high, m->session.low};
  if (const auto* m = std::get_if<SlotOffer>(&message)) return {m->id, m->bytes};
  if (const auto* m = std::get_if<Retire>(&message)) return {m->id, 0};
  if (const auto* m = std::get_if<Unmapped>(&message)) return {m->id, 0};
  if (const auto* m = std::get_if<RingOffer>(&message)) return {m->bytes, 0};
  return {};
}

}  // namespace

HandOverPacket encode(const HandOverMessage& message) noexcept {
  HandOverPacket packet{};
  std::copy(kMagic.begin(), kMagic.end(), packet.begin());
  put(packet, kVersionAt, kHandOverVersion);
  put(packet, kKindAt, static_cast<std::uint16_t>(message.index() + 1));
  const Numbers n = numbers_of(message);
  put(packet, kFirstAt, n.first);
  put(packet, kSecondAt, n.second);
  return packet;
}

Result<HandOverMessage, HandOverError> decode(std::span<const std::byte> packet) noexcept {
  if (packet.size() != kHandOverPacketBytes) return HandOverError::WrongSize;
  if (!std::equal(kMagic.begin(), kMagic.end(), packet.begin())) return HandOverError::Malformed;
  if (get(packet, kVersionAt, 2) != kHandOverVersion) return HandOverError::OtherVersion;
  const Numbers n{get(packet, kFirstAt, 8), get(packet, kSecondAt, 8)};
  const bool first_alone = n.first != 0 && n.second == 0;
  switch (get(packet, kKindAt, 2)) {
    case 1:
      if (n.first != 0 || n.second != 0) return HandOverMessage(Greeting{.session = {.high = n.first, .low = n.second}});
      break;
    case 2:
      if (n.first != 0 && n.second != 0) return HandOverMessage(SlotOffer{.id = n.first, .bytes = n.second});
      break;
    case 3:
      if (first_alone) return HandOverMessage(Retire{.id = n.first});
      break;
    case 4:
      if (first_alone) return HandOverMessage(Unmapped{.id = n.first});
      break;
    case 5:
      if (first_alone) return HandOverMessage(RingOffer{.bytes = n.first});
      break;
    case 6:
      if (n.first == 0 && n.second == 0) return HandOverMessage(BellOffer{});
      break;
    default: break;
  }
  return HandOverError::Malformed;
}

bool carries_descriptor(const HandOverMessage& message) noexcept {
  return !std::holds_alternative<Retire>(message) && !std::holds_alternative<Unmapped>(message);
}

std::string_view describe(HandOverError error) noexcept {
  switch (error) {
    case HandOverError::Nothing: return "nothing waits";
    case HandOverError::Ended: return "the hand-over connection ended";
    case HandOverError::WrongSize: return "a hand-over packet of the wrong size";
    case HandOverError::Malformed: return "a malformed hand-over packet";
    case HandOverError::OtherVersion: return "another version of the hand-over protocol";
    case HandOverError::Descriptors: return "a hand-over packet with too few or too many descriptors";
    case HandOverError::DescriptorLimit: return "no room for another descriptor: raise RLIMIT_NOFILE";
    case HandOverError::NotAProcess: return "a greeting without the descriptor of a process";
    case HandOverError::Unexpected: return "a hand-over message that does not belong there";
    case HandOverError::KnownSlot: return "a slot was handed over twice";
    case HandOverError::UnknownSlot: return "a slot that was not handed over";
    case HandOverError::TooManySlots: return "too many slots were handed over";
    case HandOverError::BadRings: return "rings that are none";
  }
  return "?";
}

}  // namespace arraywire::memory
