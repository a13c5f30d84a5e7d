// The sending side: loan -> fill -> publish.
#pragma once

#include "arraywire/context.hpp"
#include "arraywire/loan.hpp"
#include "arraywire/metadata.hpp"
#include "arraywire/policy.hpp"
#include "arraywire/result.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace arraywire {

struct PublisherOptions {
  std::vector<std::string> listen{};  // "tcp://HOST:PORT", beside the local ipc endpoint; port 0 = choose one
  Delivery delivery = Delivery::FanOut;
  std::uint32_t history = 0;          // FanOut: a joiner first gets up to so many of the last messages
  std::chrono::nanoseconds block_limit = std::chrono::seconds{1};  // how long publish may wait for slow sessions; 0 = for nobody
  std::size_t max_memory_bytes = 0;   // of the pool; 0 = a quarter of RAM or of the cgroup's limit, the lesser
  LaneChoice lane = LaneChoice::Automatic;
  bool checksum = false;              // XXH3 of every payload in its header: costs one read of every byte
  std::chrono::nanoseconds linger = std::chrono::seconds{2};       // of the destructor
  Metadata metadata{};                // true of every message; sent once, when a session begins
};

enum class LoanError : std::uint8_t {
  Exhausted,  // every slot is in use and the pool is at its limit: release something, or raise max_memory_bytes
  TooLarge,   // more than max_memory_bytes, or than the machine can back now: no waiting will help
  Stopped,
};
enum class PublishError : std::uint8_t {
  NoTaker,  // Distribute: no session had room within block_limit
  Stopped,
};
std::string_view describe(LoanError) noexcept;
std::string_view describe(PublishError) noexcept;

struct Published {
  std::uint64_t sequence = 0;
  std::uint32_t receivers = 0;  // sessions it was sent to, or is kept for
  std::uint32_t missed = 0;     // sessions that it was not for, for want of room
  std::uint32_t copies = 0;     // payload copies made on the way: 0 for loans
};

struct ConsumerStatistics {
  std::string name{};
  int pid = 0;                // 0 = not known (tcp)
  Lane lane = Lane::Inline;
  std::string lane_reason{};
  std::uint64_t sent = 0;     // messages
  std::uint64_t taken = 0;    // messages, as far as the consumer said
  std::uint64_t missed = 0;   // messages
  std::uint32_t leased = 0;   // deliveries that hold a slot now
};
struct PublisherStatistics {
  std::uint64_t published = 0;           // messages
  std::uint64_t copies = 0;              // payload copies
  std::uint64_t abandoned = 0;           // Distribute: messages given up
  std::uint64_t dropped_peer_messages = 0;  // of other epochs, unknown sessions, or malformed
  std::size_t pool_bytes = 0;
  std::size_t slots = 0;
  std::vector<ConsumerStatistics> consumers{};  // those of now, then those that left (at most 64)
  std::vector<std::string> waiting_for{};       // whom publish is waiting for at this moment
};

struct FinishReport {
  bool complete = true;                     // every session has taken everything, or is gone
  std::vector<std::string> unfinished{};    // names of those that had not
  std::uint64_t untaken = 0;                // deliveries that nobody confirmed
};

// Binds a stream's name on this machine and serves every session that comes.
// Ownership: one publisher per stream name; a second one gets Error{InUse}.
// Threads: loan, publish, reserve and finish on one thread at a time; statistics and wait_for_subscribers on any.
// Blocking: publish at most block_limit; loan at most its timeout; the destructor at most `linger`.
// Errors: the constructor throws Error naming the folder, the endpoint or the option.
class Publisher {
 public:
  Publisher(Context& context, std::string_view stream, PublisherOptions options = {});
  ~Publisher();  // finish(linger)
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // A slot that holds these arrays, each 64-byte aligned. Waits up to `timeout` for a slot to come free.
  // Throws Error for an invalid spec, no spec, or more than kMaxArrays.
  Result<Loan, LoanError> loan(std::span<const ArraySpec> specs, std::chrono::nanoseconds timeout = {});
  Result<Loan, LoanError> loan(const ArraySpec& spec, std::chrono::nanoseconds timeout = {}) { return loan(std::span(&spec, 1), timeout); }
  // Creates `slots` slots for such messages now and keeps them at their addresses for this publisher's life (camera SDKs want
  // buffers announced). Loans of that size come from them first. Throws Error when the pool's limit does not allow it.
  void reserve(std::span<const ArraySpec> specs, std::size_t slots);

  // Sends to every session that has room; waits once for those of policy `block`. No byte is copied in user space, except as
  // Published::copies says. Fails only before the first send, and then leaves the argument untouched: a retry cannot
  // duplicate. After success the argument is empty.
  // Throws Error, before anything is sent, for an empty loan or a message of several arrays that is not one loan or all borrowed.
  Result<Published, PublishError> publish(Loan&& loan, const Metadata& metadata = {});
  Result<Published, PublishError> publish(Borrowed&& borrowed, const Metadata& metadata = {});
  Result<Published, PublishError> publish(std::span<Borrowed> borrowed, const Metadata& metadata = {});
  // Packs the array into a slot first (waiting up to block_limit for one): one copy. Never keeps a reference to it.
  // Throws Error{NoMemory} when there is no slot for it.
  Result<Published, PublishError> publish_copy(const ConstArrayView& view, const Metadata& metadata = {});

  // True once `count` sessions are there; false after the timeout or when stopped.
  bool wait_for_subscribers(std::size_t count, std::chrono::nanoseconds timeout = kForever);

  // Sends what is kept, then End, and waits until every session has taken everything (Distribute: released it) or is gone.
  // Nothing can be published afterwards. A second call waits on.
  FinishReport finish(std::chrono::nanoseconds timeout);

  const std::string& stream() const noexcept;
  const std::vector<std::string>& endpoints() const noexcept;  // bound, with chosen ports; ipc first
  PublisherStatistics statistics() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arraywire
