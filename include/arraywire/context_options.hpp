// What a Context is asked for, and the events that it reports.
#pragma once

#include "arraywire/accounts.hpp"
#include "arraywire/export.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace arraywire {

inline constexpr std::chrono::nanoseconds kForever = std::chrono::nanoseconds::max();

enum class EventKind : std::uint8_t {
  Joined,     // publisher: a session was granted
  Left,       // publisher: a session ended; why
  Refused,    // either side: a session was refused; why
  Waived,     // publisher: a session kept publish waiting for the whole block_limit; it is not waited for until it takes
  Abandoned,  // publisher (distribute): a message was given up after three attempts
  Malformed,  // either side: a peer's message was dropped; why
  Connected,  // subscriber: the session was granted; lane and why
  Silent,     // subscriber: nothing was heard from the publisher for 3 s; it is not believed dead yet
  Resumed,    // subscriber: a silent publisher was heard again
  Gap,        // subscriber: a new epoch began; what its predecessor still sent is unknown
  Ended,      // subscriber: the stream ended in order
};

struct Event {
  EventKind kind{};
  std::string stream{};
  std::string peer{};    // the other side's name, with its pid where known
  std::string detail{};  // one line for a person
};
ARRAYWIRE_API std::string_view name(EventKind) noexcept;

struct ContextOptions {
  std::filesystem::path runtime_directory{};  // empty: $ARRAYWIRE_RUNTIME_DIR, else the usual places (docs/design.md)
  Accounts trust{};    // whose streams are taken by name, and listed, beside those of our own user and root
  int io_threads = 1;  // of libzmq; more help above about 4 GB/s inline
  std::function<void(const Event&)> on_event{};  // any thread, never while a lock is held; must not throw or block for long
};

}  // namespace arraywire
