#include "frame.hpp"

#include <sys/mman.h>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

namespace bench {

namespace {

constexpr std::size_t kWordBytes = sizeof(std::uint64_t);

// Payload is promised to be 8-byte aligned at most, so words go through memcpy.
std::uint64_t word_at(std::span<const std::byte> frame, std::size_t offset) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, frame.data() + offset, kWordBytes);
  return word;
}

std::uint64_t filler(std::uint64_t counter) noexcept { return (counter & 0xff) * 0x0101010101010101U; }

// Of four quarters side by side: memory is read faster in four places than in one.
std::uint64_t sum_words(std::span<const std::byte> frame) noexcept {
  constexpr std::size_t kPlaces = 4;
  const std::size_t quarter = frame.size() / kWordBytes / kPlaces * kWordBytes;
  std::uint64_t sum = 0;
  for (std::size_t offset = 0; offset < quarter; offset += kWordBytes) {
    for (std::size_t place = 0; place < kPlaces; ++place) sum += word_at(frame, place * quarter + offset);
  }
  for (std::size_t offset = kPlaces * quarter; offset < frame.size(); offset += kWordBytes) sum += word_at(frame, offset);
  return sum;
}

}  // namespace

WarmBuffer::WarmBuffer(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(), "map a buffer of " + std::to_string(bytes) + " bytes");
  }
  // Memory that is shared is not on huge pages, unless the machine is set so (shmem_enabled): neither is this, so that who has it
  // on its side (what is copied into or out of private memory, and the floors) has no other pages. A kernel without them says
  // EINVAL.
  static_cast<void>(::madvise(memory, bytes, MADV_NOHUGEPAGE));
  std::memset(memory, 1, bytes);
  bytes_ = {static_cast<std::byte*>(memory), bytes};
}

WarmBuffer::~WarmBuffer() { ::munmap(bytes_.data(), bytes_.size()); }

void stamp(std::span<std::byte> frame, std::uint64_t counter) noexcept {
  std::memcpy(frame.data(), &counter, kWordBytes);
  std::memcpy(frame.data() + frame.size() - kWordBytes, &counter, kWordBytes);
}

void set_sent(std::span<std::byte> frame, Clock::time_point time) noexcept {
  const Clock::rep ticks = time.time_since_epoch().count();
  std::memcpy(frame.data() + kWordBytes, &ticks, sizeof ticks);
}

Clock::time_point sent(std::span<const std::byte> frame) noexcept {
  return Clock::time_point(Clock::duration(static_cast<Clock::rep>(word_at(frame, kWordBytes))));
}

void check_stamp(std::span<const std::byte> frame, std::size_t frame_bytes, std::uint64_t counter) {
  check_words(frame, frame_bytes, counter, counter);
}

void check_words(std::span<const std::byte> frame, std::size_t frame_bytes, std::uint64_t first, std::uint64_t last) {
  if (frame.size() != frame_bytes) {
    throw std::runtime_error("got a frame of " + std::to_string(frame.size()) + " bytes, not " + std::to_string(frame_bytes));
  }
  const std::uint64_t got_first = word_at(frame, 0);
  const std::uint64_t got_last = word_at(frame, frame.size() - kWordBytes);
  if (got_first == first && got_last == last) return;
  throw std::runtime_error("expected a frame from " + std::to_string(first) + " to " + std::to_string(last) + ", got one from " +
                           std::to_string(got_first) + " to " + std::to_string(got_last));
}

void fill(std::span<std::byte> frame, std::uint64_t counter) noexcept {
  std::memset(frame.data(), static_cast<int>(counter & 0xff), frame.size());
  stamp(frame, counter);
}

bool read_back(std::span<const std::byte> frame, std::uint64_t counter) noexcept {
  const std::uint64_t filled_words = frame.size() / kWordBytes - 2;
  const bool whole = sum_words(frame) == filled_words * filler(counter) + 2 * counter;
  return whole && word_at(frame, 0) == counter && word_at(frame, frame.size() - kWordBytes) == counter;
}

void check_filled(std::span<const std::byte> frame, std::size_t frame_bytes, std::uint64_t number) {
  check_stamp(frame, frame_bytes, number);
  if (!read_back(frame, number)) throw std::runtime_error("frame " + std::to_string(number) + " is not as it was filled");
}

}  // namespace bench
