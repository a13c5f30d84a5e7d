#include "inline.hpp"

#include "frame.hpp"
#include "peer.hpp"
#include "stream_calls.hpp"

namespace bench {

namespace {

void publish_frames(Peer& peer, arraywire::Publisher& publisher, const std::string& address) {
  const arraywire::ArraySpec spec = frame_spec(peer.frame_bytes);
  peer.serve(address, [&](std::uint64_t number) {
    if (number == 0) wait_for_one_subscriber(publisher);
    publish_stamped(publisher, spec, number);
  });
}

}  // namespace

void inline_ipc_producer(Peer& peer) {
  arraywire::Context context(context_options(peer));
  arraywire::Publisher publisher(context, kStream, publisher_options());
  publish_frames(peer, publisher, kStream);
}

void inline_tcp_producer(Peer& peer) {
  arraywire::Context context(context_options(peer));
  auto options = publisher_options();
  options.listen = {"tcp://127.0.0.1:0"};
  arraywire::Publisher publisher(context, kStream, options);
  publish_frames(peer, publisher, publisher.endpoints().back());
}

void inline_consumer(Peer& peer) { take_frames(peer, check_stamp); }

}  // namespace bench
