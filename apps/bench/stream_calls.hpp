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
// Waits for every consumer for ever: the driver's watchdog is the limit.
arraywire::PublisherOptions publisher_options(arraywire::Lane lane);
// This lane or none.
arraywire::SubscriberOptions subscriber_options(arraywire::Lane lane);

arraywire::ArraySpec frame_spec(std::size_t frame_bytes);
arraywire::Loan loan_frame(arraywire::Publisher& publisher, const arraywire::ArraySpec& spec);
// Loans, stamps and publishes a frame to one subscriber.
void publish_stamped(arraywire::Publisher& publisher, const arraywire::ArraySpec& spec, std::uint64_t counter);
// What a producer does: fills and publishes every frame of the stream, to one subscriber.
void publish_filled(Peer& peer, arraywire::Lane lane);
// Every one of them got it, and no byte was copied for that.
void expect_receivers(const arraywire::Result<arraywire::Published, arraywire::PublishError>& result, std::size_t receivers);
// A sample of that lane with nothing missed before it.
arraywire::Sample take_whole(arraywire::Subscriber& subscriber, arraywire::Lane lane);
// What a consumer does: takes and checks every frame of the stream at the peer's address, in memory that malloc keeps.
void take_frames(Peer& peer, arraywire::Lane lane, CheckFrame check);
void wait_for_subscribers(arraywire::Publisher& publisher, std::size_t count);

}  // namespace bench
