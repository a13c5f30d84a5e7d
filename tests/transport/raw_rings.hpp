// An end of rings that says what it likes.
#pragma once

#include "memory/hand_over_fixture.hpp"
#include "memory/memfd.hpp"
#include "memory/rings.hpp"
#include "transport/raw_peers.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <ctime>

namespace arraywire::transport::testing {

using memory::RingFormat;

// Of this thread.
inline double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// An end of rings that the test writes as it likes.
struct RawEnd {
  memory::Memfd memory = memory::Rings::create_memory().value();
  memory::Mapping theirs{};
  memory::Descriptor bell{};
  std::uint64_t written = 0;

  template <class Number> void write(std::size_t at, Number number) const {
    std::memcpy(memory.mapping.bytes().data() + at, &number, sizeof number);
  }
  template <class Number> Number read(std::size_t at) const {
    Number number{};
    std::memcpy(&number, theirs.bytes().data() + at, sizeof number);
    return number;
  }
  void put(std::uint64_t number, std::span<const std::byte> bytes) {
    const std::size_t at = RingFormat::kEntriesAt + (written % RingFormat::kEntries) * RingFormat::kEntryBytes;
    write<std::uint64_t>(at, number);
    write<std::uint64_t>(at + 8, bytes.size());
    std::copy(bytes.begin(), bytes.end(), memory.mapping.bytes().begin() + static_cast<std::ptrdiff_t>(at) + 16);
    std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(memory.mapping.bytes().data())).store(++written);
  }
  void ring() const { static_cast<void>(!::send(bell.get(), "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL)); }
  Bytes entry(std::uint64_t n) const {
    const std::size_t at = RingFormat::kEntriesAt + (n % RingFormat::kEntries) * RingFormat::kEntryBytes;
    return copy_of(theirs.bytes().subspan(at + 16, read<std::uint64_t>(at + 8)));
  }
};

}  // namespace arraywire::transport::testing
