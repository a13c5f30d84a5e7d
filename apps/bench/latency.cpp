#include "latency.hpp"

#include "frame.hpp"
#include "peer.hpp"
#include "stream_calls.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <vector>

namespace bench {

namespace {

constexpr char kAnswers[] = "bench-answers";

double quantile_us(std::vector<std::chrono::nanoseconds>& latencies, double quantile) {
  const auto at = static_cast<std::ptrdiff_t>(quantile * static_cast<double>(latencies.size() - 1));
  std::ranges::nth_element(latencies, latencies.begin() + at);
  return std::chrono::duration<double, std::micro>(latencies[static_cast<std::size_t>(at)]).count();
}

}  // namespace

void latency_inline_producer(Peer& peer) {
  arraywire::Context context(context_options(peer));
  arraywire::Publisher frames_out(context, kStream, publisher_options());
  arraywire::Subscriber answers(context, kAnswers, subscriber_options());
  const arraywire::ArraySpec spec = frame_spec(peer.frame_bytes);
  peer.serve(kStream, [&](std::uint64_t number) {
    if (number == 0) wait_for_one_subscriber(frames_out);
    publish_stamped(frames_out, spec, number);
    const arraywire::Sample answer = take_whole(answers);
    check_stamp(answer.array().bytes(), kSmallestFrameBytes, number);
  });
}

void latency_inline_consumer(Peer& peer) {
  arraywire::keep_receive_memory();
  arraywire::Context context(context_options(peer));
  arraywire::Publisher answers(context, kAnswers, publisher_options());
  arraywire::Subscriber frames_in(context, peer.address, subscriber_options());
  const arraywire::ArraySpec answer_spec = frame_spec(kSmallestFrameBytes);
  std::vector<std::chrono::nanoseconds> latencies;
  const auto answer = [&](std::uint64_t number) {
    if (number == 0) wait_for_one_subscriber(answers);
    arraywire::Sample frame = take_whole(frames_in);
    check_stamp(frame.array().bytes(), peer.frame_bytes, number);
    if (!frame.info().latency) throw std::runtime_error("a frame came without a latency");
    latencies.push_back(*frame.info().latency);
    frame.release();
    publish_stamped(answers, answer_spec, number);
  };
  peer.serve("", answer, [&] {
    const Counters counters{{"p50_us", quantile_us(latencies, 0.5)}, {"p99_us", quantile_us(latencies, 0.99)}};
    latencies.clear();
    return counters;
  });
}

}  // namespace bench
