#include "file_npy.hpp"

#include "npy_file.hpp"
#include "peer.hpp"
#include "stream_calls.hpp"

namespace bench {

// The mapping outlives the Context, so zmq can read it until everything is over, and nothing has to be freed frame by frame.
void file_npy_producer(Peer& peer) {
  const MappedNpy file(big_npy_file(peer));
  arraywire::Context context(context_options(peer));
  arraywire::Publisher publisher(context, kStream, publisher_options(arraywire::Lane::Inline));
  const arraywire::ArraySpec spec = frame_spec(peer.frame_bytes);
  const arraywire::FreeCallback nothing_to_free{[](void* /*hint*/) noexcept {}, nullptr};
  peer.serve(kStream, [&](std::uint64_t number) {
    if (number == 0) wait_for_subscribers(publisher, 1);
    const auto chunk = file.payload().subspan(npy_offset(number, peer.frame_bytes), peer.frame_bytes);
    expect_receivers(publisher.publish(arraywire::Borrowed(arraywire::ConstArrayView(spec, chunk), nothing_to_free)), 1);
  });
}

void file_npy_consumer(Peer& peer) { take_frames(peer, arraywire::Lane::Inline, check_npy_frame); }

}  // namespace bench
