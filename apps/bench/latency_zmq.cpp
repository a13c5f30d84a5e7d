#include "latency_zmq.hpp"

#include "benchmarks.hpp"
#include "frame.hpp"
#include "peer.hpp"
#include "zmq_calls.hpp"

#include <array>

namespace bench {

namespace {

using Small = std::array<std::byte, kSmallFrameBytes>;

}  // namespace

void latency_zmq_producer(const Peer& peer) {
  const ZmqContext context(::zmq_ctx_new());
  const ZmqSocket socket = open_zmq(context, ZMQ_PAIR);
  arraywire::cli::LatencyHistogram half_round_trips;
  Small message{};
  Work work;
  work.address = zmq_endpoint(peer.directory / "zmq");
  work.frame = [&](std::uint64_t number) {
    const auto start = Clock::now();
    stamp(message, number);
    set_sent(message, start);
    send_small(socket, message);
    receive_small(socket, message);
    half_round_trips.record((Clock::now() - start) / 2);
    check_stamp(message, message.size(), number);
  };
  work.report = [&] { return take("half_round_trip_", half_round_trips); };
  bind_zmq(socket, work.address);
  serve(work);
}

void latency_zmq_consumer(const Peer& peer) {
  const ZmqContext context(::zmq_ctx_new());
  const ZmqSocket socket = open_zmq(context, ZMQ_PAIR);
  connect_zmq(socket, peer.address);
  arraywire::cli::LatencyHistogram latencies;
  Small message{};
  Work work;
  work.frame = [&](std::uint64_t number) {
    receive_small(socket, message);
    latencies.record(Clock::now() - sent(message));
    check_stamp(message, message.size(), number);
    send_small(socket, message);
  };
  work.report = [&] { return take("", latencies); };
  serve(work);
}

}  // namespace bench
