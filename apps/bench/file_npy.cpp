#include "file_npy.hpp"

#include "npy_file.hpp"
#include "peer.hpp"
#include "stream_calls.hpp"
#include "stream_link.hpp"
#include "workloads.hpp"

#include <string>

namespace bench {

namespace {

constexpr char kStream[] = "file";

}  // namespace

// The mapping outlives the Context, so zmq can read it until everything is over, and nothing has to be freed frame by frame.
void file_npy_producer(const Peer& peer) {
  const MappedNpy file(big_npy_file(peer));
  arraywire::Context context(context_options(peer.directory));
  arraywire::Publisher publisher(context, kStream, publisher_options(arraywire::Lane::Inline, peer.frame_bytes));
  const arraywire::ArraySpec spec = frame_spec(peer.frame_bytes);
  const arraywire::FreeCallback nothing_to_free{[](void* /*hint*/) noexcept {}, nullptr};
  Work work;
  work.connect = [&](const std::string&) { wait_for_subscribers(publisher, 1); };
  work.frame = [&](std::uint64_t number) {
    const auto chunk = file.payload().subspan(npy_offset(number, peer.frame_bytes), peer.frame_bytes);
    expect_receivers(publisher.publish(arraywire::Borrowed(arraywire::ConstArrayView(spec, chunk), nothing_to_free)), 1);
  };
  serve(work);
}

void file_npy_consumer(const Peer& peer) {
  const auto receiver =
      kInlineIpc.make_receiver({.channel = kStream, .frame_bytes = peer.frame_bytes, .directory = peer.directory});
  receive_frames(peer, *receiver, check_npy_frame);
}

}  // namespace bench
