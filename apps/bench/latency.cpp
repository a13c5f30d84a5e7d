#include "latency.hpp"

#include "frame.hpp"
#include "latencies.hpp"
#include "peer.hpp"
#include "stream_calls.hpp"

#include <chrono>
#include <stdexcept>

namespace bench {

namespace {

using arraywire::Lane;

constexpr char kAnswers[] = "bench-answers";

void produce(Peer& peer, Lane lane) {
  arraywire::Context context(context_options(peer));
  arraywire::Publisher frames_out(context, kStream, publisher_options(lane));
  arraywire::Subscriber answers(context, kAnswers, subscriber_options(lane));
  const arraywire::ArraySpec spec = frame_spec(peer.frame_bytes);
  Latencies half_round_trips;
  const auto ask = [&](std::uint64_t number) {
    const auto start = std::chrono::steady_clock::now();
    publish_stamped(frames_out, spec, number);
    const arraywire::Sample answer = take_whole(answers, lane);
    half_round_trips.record((std::chrono::steady_clock::now() - start) / 2);
    check_stamp(answer.array().bytes(), kSmallestFrameBytes, number);
  };
  const auto report = [&] {
    Counters counters;
    half_round_trips.report("half_round_trip_", counters);
    return counters;
  };
  peer.serve(kStream, ask, report, [&] { wait_for_subscribers(frames_out, 1); });
}

void consume(Peer& peer, Lane lane) {
  arraywire::keep_receive_memory();
  arraywire::Context context(context_options(peer));
  arraywire::Publisher answers(context, kAnswers, publisher_options(lane));
  arraywire::Subscriber frames_in(context, peer.address, subscriber_options(lane));
  const arraywire::ArraySpec answer_spec = frame_spec(kSmallestFrameBytes);
  Latencies latencies;
  const auto answer = [&](std::uint64_t number) {
    arraywire::Sample frame = take_whole(frames_in, lane);
    check_stamp(frame.array().bytes(), peer.frame_bytes, number);
    if (!frame.info().latency) throw std::runtime_error("a frame came without a latency");
    latencies.record(*frame.info().latency);
    frame.release();
    publish_stamped(answers, answer_spec, number);
  };
  const auto report = [&] {
    Counters counters;
    latencies.report("", counters);
    return counters;
  };
  peer.serve("", answer, report, [&] { wait_for_subscribers(answers, 1); });
}

}  // namespace

void latency_inline_producer(Peer& peer) { produce(peer, Lane::Inline); }
void latency_inline_consumer(Peer& peer) { consume(peer, Lane::Inline); }
void latency_shared_memory_producer(Peer& peer) { produce(peer, Lane::SharedMemory); }
void latency_shared_memory_consumer(Peer& peer) { consume(peer, Lane::SharedMemory); }

}  // namespace bench
