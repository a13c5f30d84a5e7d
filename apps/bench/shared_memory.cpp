#include "shared_memory.hpp"

#include "frame.hpp"
#include "peer.hpp"
#include "stream_calls.hpp"

#include <stdexcept>
#include <string>

namespace bench {

using arraywire::Lane;

void handoff_producer(Peer& peer) {
  arraywire::Context context(context_options(peer));
  arraywire::Publisher publisher(context, kStream, publisher_options(Lane::SharedMemory));
  const arraywire::ArraySpec spec = frame_spec(peer.frame_bytes);
  const auto publish = [&](std::uint64_t) { expect_receivers(publisher.publish(loan_frame(publisher, spec)), 1); };
  peer.serve(kStream, publish, {}, [&] { wait_for_subscribers(publisher, 1); });
}

void handoff_consumer(Peer& peer) {
  arraywire::Context context(context_options(peer));
  arraywire::Subscriber subscriber(context, peer.address, subscriber_options(Lane::SharedMemory));
  peer.serve("", [&](std::uint64_t number) {
    const arraywire::Sample sample = take_whole(subscriber, Lane::SharedMemory);
    const bool right = sample.info().sequence == number + 1 && sample.array().bytes().size() == peer.frame_bytes;
    if (!right)
      throw std::runtime_error("got frame " + std::to_string(sample.info().sequence) + " as number " + std::to_string(number));
  });
}

void shared_memory_fill_read_producer(Peer& peer) { publish_filled(peer, Lane::SharedMemory); }
void shared_memory_fill_read_consumer(Peer& peer) { take_frames(peer, Lane::SharedMemory, check_filled); }

}  // namespace bench
