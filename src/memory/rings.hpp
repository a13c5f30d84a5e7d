// Two rings and a bell between the two ends of a session: how small messages pass without a system call.
#pragma once

#include "arraywire/result.hpp"
#include "memory/descriptor.hpp"
#include "memory/memfd.hpp"
#include "memory/poll_set.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace arraywire::memory {

// The format of one end's memory, which it alone can write (sealed as slots are): protocol.md, section 12.
struct RingFormat {
  static constexpr std::size_t kWrittenAt = 0;  // u64: entries that this end has put in
  static constexpr std::size_t kReadAt = 64;    // u64: entries of the other end's ring that this end has taken out
  static constexpr std::size_t kListeningAt =
      128;  // u32: odd while this end is to be woken by the bell; up by one at each change
  static constexpr std::size_t kEntriesAt = 4096;
  static constexpr std::size_t kEntries = 64;
  static constexpr std::size_t kEntryBytes = 2048;  // number (u64), size (u64), bytes
  static constexpr std::size_t kMaxMessageBytes = kEntryBytes - 16;
  static constexpr std::size_t kBytes = kEntriesAt + kEntries * kEntryBytes;
};

struct RingEntry {
  std::uint64_t number = 0;            // as the other end said: the delivery, 0 = none
  std::span<const std::byte> bytes{};  // a copy that the other end cannot change; valid until the next front()
};

enum class RingError : std::uint8_t {
  Empty,
  Broken,  // the other end's counts cannot be right: nothing more can be read
};

// One end. Threads: one at a time; the other end is another process, or another thread with an end of its own.
// Blocking: never. The bell is a socket rather than an eventfd, because whoever shares one of those can make our write wait.
// Concurrency between the ends: each writes its own memory only. An entry is written before `written` counts it (release, loaded
// with acquire), and not again before the other end's `read` has passed it. Whatever the other end writes, we read within its
// mapping, copy once, and check the copy. Nobody sleeps through an entry: a listener says so before it looks a last time, a
// writer counts its entry before it looks whether somebody listens, and these four are in one order (seq_cst).
class Rings {
 public:
  // Own memory, for the other end to map. Not on the hot path.
  static Result<Memfd, MemfdFailure> create_memory() noexcept {
    return create_memfd("arraywire-ring", RingFormat::kBytes, AskForRoom::No);
  }
  // Checks and maps the other end's. Takes some microseconds. False: not such memory.
  static bool map(Descriptor memory, Mapping& mapped) noexcept;
  // The ends of a bell: our own, and one for the other end.
  struct BellPair {
    Descriptor ours{}, theirs{};
  };
  static BellPair create_bell() noexcept;                  // empty: no descriptors left
  static bool is_bell(const Descriptor& socket) noexcept;  // what the other end sent

  // `bells` is readable when the bell was rung.
  Rings(Mapping own, Mapping peer, Descriptor bell, const std::shared_ptr<PollSet>& bells) noexcept;
  explicit operator bool() const noexcept { return static_cast<bool>(watch_); }  // false: the kernel had no room for the watch

  // ---- sending: room, write it, put, and ring once everything is put
  // For a message of `size` bytes; empty: it does not fit, or the other end has not read enough.
  std::span<std::byte> room(std::size_t size) noexcept;
  void put(std::uint64_t number, std::size_t size) noexcept;  // what was written into room(size)
  // Wakes the other end if it listens: once each time that it does. True: that cost the waking of a thread.
  bool ring() noexcept;
  bool bell_is_due() noexcept;  // ring() would wake it

  // ---- receiving
  bool empty() const noexcept;  // also when broken
  Result<RingEntry, RingError> front() noexcept;
  void pop() noexcept;
  // The bell will be rung for what comes from now on. False: something has come already.
  bool listen() noexcept;
  bool hear() noexcept;  // the bell is silent until it is rung again. False: it was

 private:
  void stop_listening() noexcept;

  Mapping own_;
  Mapping peer_;
  Descriptor bell_;
  Watch watch_;  // after the bell: goes before it does
  std::uint64_t written_ = 0;
  std::uint64_t seen_read_ = 0;  // the other end's, as last looked at
  std::uint64_t read_ = 0;
  std::uint32_t listening_ = 0;       // own, as last written: odd while listening
  std::uint32_t seen_listening_ = 0;  // the other end's, as last seen
  std::uint32_t rung_for_ = 0;        // the other end's, when it was last rung
  bool unannounced_ = false;          // something was put since ring()
  alignas(16) std::array<std::byte, RingFormat::kMaxMessageBytes> copy_{};
};

}  // namespace arraywire::memory
