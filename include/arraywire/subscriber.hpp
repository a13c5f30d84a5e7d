// The receiving side: take -> read -> release.
#pragma once

#include "arraywire/context.hpp"
#include "arraywire/export.hpp"
#include "arraywire/receiving.hpp"
#include "arraywire/sample.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace arraywire {

// A session with one publisher at a time; finds it again after restarts.
// Lifetime: samples may outlive it. Threads: take, take_into and wait_any on one thread at a time; the rest on any.
// Blocking: the constructor does not wait for a publisher. The destructor waits for the publisher's answer to its good-bye, at
// most 200 ms. Errors: the constructor throws Error for a bad name, endpoint or option.
class ARRAYWIRE_API Subscriber {
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
  class ARRAYWIRE_HIDDEN Impl;
  std::unique_ptr<Impl> impl_;
};

// Waits until take of one of them may succeed, or reports an end: its index; nullopt after the timeout or when stopped.
// Starts after the one found last, so that a busy stream cannot starve the others. All must be of one Context.
ARRAYWIRE_API std::optional<std::size_t> wait_any(std::span<Subscriber* const> subscribers,
                                                  std::chrono::nanoseconds timeout = kForever);

}  // namespace arraywire
