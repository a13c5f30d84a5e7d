// The values of the sending side: what a Publisher is asked for, and what it tells.
#pragma once

#include "arraywire/accounts.hpp"
#include "arraywire/export.hpp"
#include "arraywire/metadata.hpp"
#include "arraywire/policy.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace arraywire {

struct PublisherOptions {
  std::vector<std::string> listen{};  // "tcp://HOST:PORT", beside the local ipc endpoint; port 0 = choose one
  Delivery delivery = Delivery::FanOut;
  std::uint32_t history = 0;  // FanOut: a joiner first gets up to so many of the last messages
  std::chrono::nanoseconds block_limit = std::chrono::seconds{1};  // how long publish may wait for slow sessions; 0 = for nobody
  // Shared memory: how long publish looks again before it sleeps, while it waits for slow sessions. As SubscriberOptions::spin.
  std::chrono::nanoseconds spin = std::chrono::microseconds{50};
  // Of the pool. 0 = a quarter of RAM or of the cgroup's limit, the lesser. What n messages take in whole pages has room for n of
  // them; for up to a 64th fewer where these are more than 64.
  std::size_t max_memory_bytes = 0;
  LaneChoice lane = LaneChoice::Automatic;
  Accounts allow{};       // who may subscribe on this machine beside our own user and root; over tcp everybody can
  bool checksum = false;  // XXH3 of every payload in its header: costs one read of every byte
  std::chrono::nanoseconds linger = std::chrono::seconds{2};  // of the destructor
  Metadata metadata{};                                        // true of every message; sent once, when a session begins
  // Asked on the waiting thread, ten times a second, while publish, wait_for_subscribers or finish waits. True ends that wait as
  // its time limit would. For languages whose signal handlers run between calls. Must not throw, nor call arraywire.
  std::function<bool()> give_up{};
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
ARRAYWIRE_API std::string_view describe(LoanError) noexcept;
ARRAYWIRE_API std::string_view describe(PublishError) noexcept;

struct Published {
  std::uint64_t sequence = 0;
  std::uint32_t receivers = 0;  // sessions it was sent to, or is kept for
  std::uint32_t missed = 0;     // sessions that it was not for, for want of room
  std::uint32_t copies = 0;     // payload copies made on the way: 0 for loans
};

struct ConsumerStatistics {
  std::string name{};
  int pid = 0;  // 0 = not known (tcp)
  Lane lane = Lane::Inline;
  std::string lane_reason{};
  std::uint64_t sent = 0;    // messages
  std::uint64_t taken = 0;   // messages, as far as the consumer said
  std::uint64_t missed = 0;  // messages
  std::uint32_t leased = 0;  // deliveries that hold a slot now
};
struct PublisherStatistics {
  std::uint64_t published = 0;              // messages
  std::uint64_t copies = 0;                 // payload copies
  std::uint64_t abandoned = 0;              // Distribute: messages given up
  std::uint64_t dropped_peer_messages = 0;  // of unknown sessions, or malformed
  std::size_t pool_bytes = 0;
  std::size_t slots = 0;
  std::vector<ConsumerStatistics> consumers{};  // those of now, then those that left (at most 64)
  std::vector<std::string> waiting_for{};       // whom publish is waiting for at this moment
};

struct FinishReport {
  bool complete = true;                   // every session has taken everything, or is gone
  std::vector<std::string> unfinished{};  // names of those that had not
  std::uint64_t untaken = 0;              // deliveries that nobody confirmed
};

}  // namespace arraywire
