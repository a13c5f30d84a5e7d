// arraywire calls of benchmarks, where every failure and every loss is an error.
#pragma once

#include "arraywire/arraywire.hpp"

#include <cstddef>
#include <filesystem>

namespace bench {

// Uses that directory alone, so that streams of one name do not meet; events go to the log.
arraywire::ContextOptions context_options(const std::filesystem::path& directory);
// Waits for every consumer for ever: the driver's watchdog is the limit. Inline it has memory for the one that is filled and the
// one that is sent, as other libraries' senders here, and for those in the kernel (subscriber_options).
arraywire::PublisherOptions publisher_options(arraywire::Lane lane, std::size_t frame_bytes);
// This lane or none.
arraywire::SubscriberOptions subscriber_options(arraywire::Lane lane, std::size_t frame_bytes);

arraywire::ArraySpec frame_spec(std::size_t frame_bytes);
arraywire::Loan loan_frame(arraywire::Publisher& publisher, const arraywire::ArraySpec& spec);
// Every one of them got it, and no byte was copied for that.
void expect_receivers(const arraywire::Result<arraywire::Published, arraywire::PublishError>& result, std::size_t receivers);
// A sample of that lane with nothing missed before it.
arraywire::Sample take_whole(arraywire::Subscriber& subscriber, arraywire::Lane lane);
void wait_for_subscribers(arraywire::Publisher& publisher, std::size_t count);

}  // namespace bench
