#include "inline.hpp"

#include "frame.hpp"
#include "peer.hpp"
#include "stream_calls.hpp"

namespace bench {

namespace {

using arraywire::Lane;

void publish_frames(Peer& peer, arraywire::Publisher& publisher, const std::string& address) {
  const arraywire::ArraySpec spec = frame_spec(peer.frame_bytes);
  const auto connect = [&] { wait_for_subscribers(publisher, 1); };
  peer.serve(
      address, [&](std::uint64_t number) { publish_stamped(publisher, spec, number); }, {}, connect);
}

}  // namespace

void inline_ipc_producer(Peer& peer) {
  arraywire::Context context(context_options(peer));
  arraywire::Publisher publisher(context, kStream, publisher_options(Lane::Inline));
  publish_frames(peer, publisher, kStream);
}

void inline_tcp_producer(Peer& peer) {
  arraywire::Context context(context_options(peer));
  auto options = publisher_options(Lane::Inline);
  options.listen = {"tcp://127.0.0.1:0"};
  arraywire::Publisher publisher(context, kStream, options);
  publish_frames(peer, publisher, publisher.endpoints().back());
}

void inline_consumer(Peer& peer) { take_frames(peer, Lane::Inline, check_stamp); }

void inline_ipc_fill_read_producer(Peer& peer) { publish_filled(peer, Lane::Inline); }
void inline_fill_read_consumer(Peer& peer) { take_frames(peer, Lane::Inline, check_filled); }

}  // namespace bench
