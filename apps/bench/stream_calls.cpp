#include "stream_calls.hpp"

#include "link.hpp"
#include "unix_stream.hpp"

#include <spdlog/spdlog.h>
#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace bench {

using namespace arraywire;

ContextOptions context_options(const std::filesystem::path& directory) {
  return {.runtime_directory = directory, .on_event = [](const Event& event) {
            spdlog::info("{} {} {} {}", name(event.kind), event.stream, event.peer, event.detail);
          }};
}

namespace {

constexpr std::size_t kPage = 4096;

std::size_t whole_pages(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

// Other libraries over sockets have besides kBuffers what the kernel holds for them; our queue ends at the consumer, so what is
// in the kernel is in the queue. A message takes a page of the kernel's memory, about, however small it is.
std::size_t frames_in_kernel(std::size_t frame_bytes) { return socket_buffer_bytes() / std::max(frame_bytes, kPage); }

}  // namespace

PublisherOptions publisher_options(Lane lane, std::size_t frame_bytes) {
  PublisherOptions options{.block_limit = kForever};
  if (lane == Lane::Inline) {
    options.max_memory_bytes = (kBuffers / 2 + frames_in_kernel(frame_bytes)) * whole_pages(frame_bytes);
    options.lane = LaneChoice::Inline;
  }
  return options;
}

SubscriberOptions subscriber_options(Lane lane, std::size_t frame_bytes) {
  const std::size_t in_kernel = lane == Lane::Inline ? frames_in_kernel(frame_bytes) : 0;
  return {.when_full = WhenFull::Block,
          // With the one that is being filled and the one that is being read these are kBuffers.
          .queue = static_cast<std::uint32_t>(kBuffers - 2 + in_kernel),
          .hold = 1,
          .lane = lane == Lane::Inline ? LaneChoice::Inline : LaneChoice::SharedMemory,
          .name = "bench"};
}

ArraySpec frame_spec(std::size_t frame_bytes) {
  return {.dtype = DType::UInt8, .shape = {static_cast<std::int64_t>(frame_bytes)}};
}

Loan loan_frame(Publisher& publisher, const ArraySpec& spec) {
  auto loan = publisher.loan(spec, kForever);
  if (!loan) throw std::runtime_error("loan: " + std::string(describe(loan.error())));
  return std::move(*loan);
}

void expect_receivers(const Result<Published, PublishError>& result, std::size_t receivers) {
  if (!result) throw std::runtime_error("publish: " + std::string(describe(result.error())));
  const Published& published = *result;
  if (published.receivers == receivers && published.missed == 0 && published.copies == 0) return;
  throw std::runtime_error("publish: " + std::to_string(published.receivers) + " receivers, " + std::to_string(published.missed) +
                           " missed, " + std::to_string(published.copies) + " copies");
}

Sample take_whole(Subscriber& subscriber, Lane lane) {
  auto taken = subscriber.take(kForever);
  if (!taken) throw std::runtime_error("take: " + std::string(describe(taken.error())) + "; " + to_string(subscriber.status()));
  Sample sample = std::move(*taken);
  const MessageInfo& info = sample.info();
  if (info.missed_before != 0) throw std::runtime_error("missed " + std::to_string(info.missed_before) + " messages");
  if (sample.lane() != lane) throw std::runtime_error("a frame came on lane " + std::string(name(sample.lane())));
  return sample;
}

void wait_for_subscribers(Publisher& publisher, std::size_t count) {
  if (!publisher.wait_for_subscribers(count)) throw std::runtime_error("stopped while waiting for subscribers");
}

}  // namespace bench
