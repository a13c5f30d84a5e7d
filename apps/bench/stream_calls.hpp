// arraywire calls of benchmarks, where every failure and every loss is an error.
#pragma once

#include "arraywire/arraywire.hpp"
#include "frame.hpp"

#include <cstddef>
#include <cstdint>

namespace bench {

class Peer;

inline constexpr char kStream[] = "bench";  // unique, since each measurement has a runtime directory of its own

// Uses the peer's directory; events go to the log.
arraywire::ContextOptions context_options(const Peer& peer);
// Waits for every consumer for ever: the driver's watchdog is the limit. Inline lane.
arraywire::PublisherOptions publisher_options();
arraywire::SubscriberOptions subscriber_options();

arraywire::ArraySpec frame_spec(std::size_t frame_bytes);
// Loans, stamps and publishes a frame to one subscriber.
void publish_stamped(arraywire::Publisher& publisher, const arraywire::ArraySpec& spec, std::uint64_t counter);
void expect_one_receiver(const arraywire::Result<arraywire::Published, arraywire::PublishError>& result);
// An inline sample with one array and nothing missed before it.
arraywire::Sample take_whole(arraywire::Subscriber& subscriber);
// What a consumer does: takes and checks every frame of the stream at the peer's address, in memory that malloc keeps.
void take_frames(Peer& peer, CheckFrame check);
void wait_for_one_subscriber(arraywire::Publisher& publisher);

}  // namespace bench
