#include "stream_calls.hpp"

#include "peer.hpp"

#include <spdlog/spdlog.h>
#include <stdexcept>
#include <string>

namespace bench {

using namespace arraywire;

ContextOptions context_options(const Peer& peer) {
  return {.runtime_directory = peer.directory, .on_event = [](const Event& event) {
            spdlog::info("{} {} {} {}", name(event.kind), event.stream, event.peer, event.detail);
          }};
}

PublisherOptions publisher_options() { return {.block_limit = kForever, .lane = LaneChoice::Inline}; }

SubscriberOptions subscriber_options() { return {.when_full = WhenFull::Block, .lane = LaneChoice::Inline, .name = "bench"}; }

ArraySpec frame_spec(std::size_t frame_bytes) {
  return {.dtype = DType::UInt8, .shape = {static_cast<std::int64_t>(frame_bytes)}};
}

void publish_stamped(Publisher& publisher, const ArraySpec& spec, std::uint64_t counter) {
  auto loan = publisher.loan(spec, kForever);
  if (!loan) throw std::runtime_error("loan: " + std::string(describe(loan.error())));
  stamp(loan->array().bytes(), counter);
  expect_one_receiver(publisher.publish(std::move(*loan)));
}

void expect_one_receiver(const Result<Published, PublishError>& result) {
  if (!result) throw std::runtime_error("publish: " + std::string(describe(result.error())));
  const Published& published = *result;
  if (published.receivers == 1 && published.missed == 0 && published.copies == 0) return;
  throw std::runtime_error("publish: " + std::to_string(published.receivers) + " receivers, " + std::to_string(published.missed) +
                           " missed, " + std::to_string(published.copies) + " copies");
}

Sample take_whole(Subscriber& subscriber) {
  auto taken = subscriber.take(kForever);
  if (!taken) throw std::runtime_error("take: " + std::string(describe(taken.error())) + "; " + to_string(subscriber.status()));
  Sample sample = std::move(*taken);
  const MessageInfo& info = sample.info();
  if (info.missed_before != 0) throw std::runtime_error("missed " + std::to_string(info.missed_before) + " messages");
  if (sample.lane() != Lane::Inline) throw std::runtime_error("a frame came on lane " + std::string(name(sample.lane())));
  return sample;
}

void take_frames(Peer& peer, CheckFrame check) {
  keep_receive_memory();
  Context context(context_options(peer));
  Subscriber subscriber(context, peer.address, subscriber_options());
  peer.serve("", [&](std::uint64_t number) {
    const Sample sample = take_whole(subscriber);
    check(sample.array().bytes(), peer.frame_bytes, number);
  });
}

void wait_for_one_subscriber(Publisher& publisher) {
  if (!publisher.wait_for_subscribers(1)) throw std::runtime_error("stopped while waiting for the subscriber");
}

}  // namespace bench
