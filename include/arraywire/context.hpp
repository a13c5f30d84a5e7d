// One Context per process: the zmq context, one service thread, and the callback that events go to.
#pragma once

#include "arraywire/error.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace arraywire {

inline constexpr std::chrono::nanoseconds kForever = std::chrono::nanoseconds::max();

namespace transport {
class Service;
}

enum class EventKind : std::uint8_t {
  Joined,      // publisher: a session was granted
  Left,        // publisher: a session ended; why
  Refused,     // either side: a session was refused; why
  Waived,      // publisher: a session kept publish waiting for the whole block_limit; it is not waited for until it takes
  Abandoned,   // publisher (distribute): a message was given up after three deliveries
  Malformed,   // either side: a peer's message was dropped; why
  Connected,   // subscriber: the session was granted; lane and why
  Silent,      // subscriber: nothing was heard from the publisher for 3 s; it is not believed dead yet
  Resumed,     // subscriber: a silent publisher was heard again
  Gap,         // subscriber: a new epoch began; what its predecessor still sent is unknown
  Ended,       // subscriber: the stream ended in order
};

struct Event {
  EventKind kind{};
  std::string stream{};
  std::string peer{};    // the other side's name, with its pid where known
  std::string detail{};  // one line for a person
};
std::string_view name(EventKind) noexcept;

struct ContextOptions {
  std::filesystem::path runtime_directory{};     // empty: $ARRAYWIRE_RUNTIME_DIR, else the usual places (docs/design.md)
  int io_threads = 1;                            // of libzmq; more help above about 4 GB/s inline
  std::function<void(const Event&)> on_event{};  // any thread, never while a lock is held; must not throw or block for long
};

// Prints nothing and installs no signal handler.
// Lifetime: Publishers and Subscribers keep what they need of it; destroying it stops them. Samples and loans may outlive it.
// Threads: any.
// Errors: the constructor throws Error (descriptor limits, no memory).
// fork: a forked child must not use it; calls from there fail.
class Context {
 public:
  explicit Context(ContextOptions options = {});
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Async-signal-safe and sticky: every wait of this context, now and later, returns Stopped.
  void stop() noexcept;
  bool stopped() const noexcept;

  const std::shared_ptr<transport::Service>& service() const noexcept { return service_; }  // not for applications

 private:
  std::shared_ptr<transport::Service> service_;
};

// A stream that a publisher on this machine serves at this moment.
struct StreamInfo {
  std::string name{};
  int pid = 0;
  std::string user{};
  std::vector<std::string> endpoints{};  // ipc first
  std::uint32_t consumers = 0;
};
// Asks without disturbing anybody. Unreadable folders are skipped.
std::vector<StreamInfo> list_streams(const Context&);

// Makes malloc keep the memory of big received frames instead of giving it back to the system after each one, which is
// worth a factor of four in throughput on the inline lane. Process-wide (glibc's mallopt), so never done unasked: call it
// first thing in main, before other threads exist, or never. Freed memory then stays with the process.
void keep_receive_memory() noexcept;

}  // namespace arraywire
