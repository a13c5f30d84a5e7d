#include "inline.hpp"

#include "frame.hpp"
#include "peer.hpp"
#include "stream_calls.hpp"

namespace bench {

namespace {

void publish_batches(Peer& peer, arraywire::Publisher& publisher, const std::string& address) {
  const arraywire::ArraySpec spec = frame_spec(peer.frame_bytes);
  std::uint64_t next = 0;
  peer.serve(address, [&](std::uint64_t frames) {
    if (next == 0) wait_for_one_subscriber(publisher);
    for (const std::uint64_t end = next + frames; next < end; ++next) publish_stamped(publisher, spec, next);
  });
}

}  // namespace

void inline_ipc_producer(Peer& peer) {
  arraywire::Context context(context_options(peer));
  arraywire::Publisher publisher(context, kStream, publisher_options());
  publish_batches(peer, publisher, kStream);
}

void inline_tcp_producer(Peer& peer) {
  arraywire::Context context(context_options(peer));
  auto options = publisher_options();
  options.listen = {"tcp://127.0.0.1:0"};
  arraywire::Publisher publisher(context, kStream, options);
  publish_batches(peer, publisher, publisher.endpoints().back());
}

void inline_consumer(Peer& peer) {
  arraywire::keep_receive_memory();
  arraywire::Context context(context_options(peer));
  arraywire::Subscriber subscriber(context, peer.address, subscriber_options());
  std::uint64_t next = 0;
  peer.serve("", [&](std::uint64_t frames) {
    for (const std::uint64_t end = next + frames; next < end; ++next) {
      const arraywire::Sample sample = take_whole(subscriber);
      check_stamp(sample.array().bytes(), peer.frame_bytes, next);
    }
  });
}

}  // namespace bench
