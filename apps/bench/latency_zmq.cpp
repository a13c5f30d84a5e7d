#include "latency_zmq.hpp"

#include "families.hpp"
#include "frame.hpp"
#include "latencies.hpp"
#include "peer.hpp"
#include "zmq_calls.hpp"

#include <array>
#include <chrono>
#include <cstring>

namespace bench {

namespace {

using Clock = std::chrono::steady_clock;  // the same in both processes

// Between its stamps a message has the time at which it was sent.
using Small = std::array<std::byte, kSmallFrameBytes>;
constexpr std::size_t kSentOffset = sizeof(std::uint64_t);

void set_sent(Small& message, Clock::time_point time) {
  const Clock::rep ticks = time.time_since_epoch().count();
  std::memcpy(message.data() + kSentOffset, &ticks, sizeof ticks);
}

Clock::time_point sent(const Small& message) {
  Clock::rep ticks = 0;
  std::memcpy(&ticks, message.data() + kSentOffset, sizeof ticks);
  return Clock::time_point(Clock::duration(ticks));
}

}  // namespace

void latency_zmq_producer(Peer& peer) {
  const ZmqContext context(::zmq_ctx_new());
  const ZmqSocket socket = open_zmq(context, ZMQ_PAIR);
  const std::string endpoint = bind_zmq(socket, peer);
  Small message{};
  Latencies half_round_trips;
  const auto ask = [&](std::uint64_t number) {
    const auto start = Clock::now();
    stamp(message, number);
    set_sent(message, start);
    send_small(socket, message);
    receive_small(socket, message);
    half_round_trips.record((Clock::now() - start) / 2);
    check_stamp(message, message.size(), number);
  };
  const auto report = [&] {
    Counters counters;
    half_round_trips.report("half_round_trip_", counters);
    return counters;
  };
  peer.serve(endpoint, ask, report);
}

void latency_zmq_consumer(Peer& peer) {
  const ZmqContext context(::zmq_ctx_new());
  const ZmqSocket socket = open_zmq(context, ZMQ_PAIR);
  connect_zmq(socket, peer.address);
  Small message{};
  Latencies latencies;
  const auto answer = [&](std::uint64_t number) {
    receive_small(socket, message);
    latencies.record(Clock::now() - sent(message));
    check_stamp(message, message.size(), number);
    send_small(socket, message);
  };
  const auto report = [&] {
    Counters counters;
    latencies.report("", counters);
    return counters;
  };
  peer.serve("", answer, report);
}

}  // namespace bench
