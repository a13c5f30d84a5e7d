// The receiving side: take -> read -> release.
#pragma once

#include "arraywire/context.hpp"
#include "arraywire/sample.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace arraywire {

struct SubscriberOptions {
  WhenFull when_full = WhenFull::Automatic;
  std::uint32_t queue = 4;  // messages that may wait to be taken: 1..1000
  std::uint32_t hold = 4;   // samples that may be unreleased at once: 1..1000
  LaneChoice lane = LaneChoice::Automatic;
  std::string name{};       // how publishers call us in statistics; empty = the program's name
};

enum class TakeError : std::uint8_t {
  Timeout,
  Ended,       // the stream ended in order and everything was taken. Said once per End; then take waits for the next epoch
  HoldingAll,  // `hold` samples are unreleased: release one first. Said at once, never by waiting
  Refused,     // the publisher refused us; status() has its reason
  WrongSpec,   // take_into: the message is of another spec; it is still there for take
  Stopped,
};
std::string_view describe(TakeError) noexcept;

// Why messages arrive, or do not.
struct SubscriberStatus {
  enum class State : std::uint8_t {
    Searching,  // no publisher yet; where = folders or endpoint that are tried
    Connected,  // lane and reason are set
    Silent,     // connected, but nothing was heard for 3 s
    Refused,    // reason is set; tried again when the publisher restarts
    Ended,      // the stream ended; waiting for its next publisher
  };
  State state = State::Searching;
  std::string where{};
  std::string reason{};
  Lane lane = Lane::Inline;
  std::uint32_t queue = 0, hold = 0;         // as granted
  std::chrono::nanoseconds silent_for{};     // since anything was heard from the publisher
  std::uint32_t waiting = 0, unreleased = 0; // messages that can be taken now; samples in the application's hands
};
std::string to_string(const SubscriberStatus&);  // one line for a person

struct SubscriberStatistics {
  std::uint64_t taken = 0;      // messages
  std::uint64_t bytes = 0;      // payload
  std::uint64_t missed = 0;     // messages known not delivered to us, also those after the last one taken
  std::uint64_t gaps = 0;       // new epochs of the stream without an End of the old one
  std::uint64_t malformed = 0;  // peer messages that were dropped
  std::uint64_t copies = 0;     // payload copies made by us
};

// A session with one publisher at a time; finds it again after restarts.
// Lifetime: samples may outlive it. Threads: take, take_into and wait_any on one thread at a time; the rest on any.
// Blocking: the constructor does not wait for a publisher.
// Errors: the constructor throws Error for a bad name, endpoint or option.
class Subscriber {
 public:
  // `source`: a stream's name on this machine, or an endpoint "tcp://HOST:PORT" or "ipc://PATH".
  Subscriber(Context& context, std::string_view source, SubscriberOptions options = {});
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  // Waits up to `timeout` for the next message. 0 = look only.
  Result<Sample, TakeError> take(std::chrono::nanoseconds timeout = kForever);
  // Copies the message's only array into `target` and releases it: one copy. WrongSpec unless dtype and shape are equal; the
  // message then stays for take.
  Result<MessageInfo, TakeError> take_into(const ArrayView& target, std::chrono::nanoseconds timeout = kForever);

  // For foreign event loops (poll, epoll, Qt, asyncio): readable while take may succeed, also after releases on other threads.
  // Call take(0) until it says Timeout, then wait for readability again. Owned by the subscriber.
  int descriptor() const noexcept;

  SubscriberStatus status() const;
  SubscriberStatistics statistics() const;
  // True of every message of the stream, as the publisher said when the session began.
  Metadata stream_metadata() const;
  std::string stream() const;  // the stream's name, also when connected by endpoint; empty before the first session

 private:
  friend std::optional<std::size_t> wait_any(std::span<Subscriber* const>, std::chrono::nanoseconds);
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Waits until take of one of them may succeed, or reports an end: its index; nullopt after the timeout or when stopped.
// Starts after the one found last, so that a busy stream cannot starve the others. All must be of one Context.
std::optional<std::size_t> wait_any(std::span<Subscriber* const> subscribers, std::chrono::nanoseconds timeout = kForever);

}  // namespace arraywire
