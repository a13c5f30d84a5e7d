// Frames whose loss, truncation or confusion is noticed: a counter in the first and the last eight bytes. Frames of which that is
// measured say after the first counter when they were sent.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace bench {

// Ownership: unmapped by the destructor. Page-aligned, on pages of the usual size, writable, every
// page already faulted in and written.
class WarmBuffer {
 public:
  explicit WarmBuffer(std::size_t bytes);
  ~WarmBuffer();
  WarmBuffer(const WarmBuffer&) = delete;
  WarmBuffer& operator=(const WarmBuffer&) = delete;
  std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<std::byte> bytes_{};
};

inline constexpr std::size_t kSmallestFrameBytes = 3 * sizeof(std::uint64_t);

// Frames are multiples of eight bytes, at least kSmallestFrameBytes.
void stamp(std::span<std::byte> frame, std::uint64_t counter) noexcept;
// Throws naming the frame when its size or either stamp is wrong.
void check_stamp(std::span<const std::byte> frame, std::size_t frame_bytes, std::uint64_t counter);
// A check of the frame with that number; throws unless it is that one.
using CheckFrame = void (*)(std::span<const std::byte> frame, std::size_t frame_bytes, std::uint64_t number);
// As check_stamp, for a frame whose first and last words are not the same.
void check_words(std::span<const std::byte> frame, std::size_t frame_bytes, std::uint64_t first, std::uint64_t last);

using Clock = std::chrono::steady_clock;  // the same in all processes
void set_sent(std::span<std::byte> frame, Clock::time_point time) noexcept;
Clock::time_point sent(std::span<const std::byte> frame) noexcept;

// Writes every byte, stamps included.
void fill(std::span<std::byte> frame, std::uint64_t counter) noexcept;
// Reads every byte; false when they are not what fill wrote.
bool read_back(std::span<const std::byte> frame, std::uint64_t counter) noexcept;
// The same as a CheckFrame.
void check_filled(std::span<const std::byte> frame, std::size_t frame_bytes, std::uint64_t number);

}  // namespace bench
