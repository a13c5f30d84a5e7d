#include "workloads.hpp"

#include "cli/latency_histogram.hpp"
#include "peer.hpp"

#include <cerrno>
#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <utility>

namespace bench {

namespace {

using arraywire::cli::LatencyHistogram;

constexpr char kFrames[] = "frames";
constexpr char kAnswers[] = "answers";
constexpr std::chrono::nanoseconds kPeriod{16'666'667};

LinkSetup frames_link(const Peer& peer, Workload workload) {
  return {.channel = kFrames,
          .frame_bytes = peer.frame_bytes,
          .directory = peer.directory,
          .receivers = peer.consumers,
          .receiver = peer.consumer,
          .address = peer.address,
          .busy_ends = workload == Workload::FillRead};
}

LinkSetup answers_link(const LinkSetup& frames, const std::string& address) {
  return {.channel = kAnswers,
          .frame_bytes = kSmallestFrameBytes,
          .directory = frames.directory,
          .address = address,
          .in_common = frames.in_common};
}

// By absolute time, so that what a frame takes does not add up. Late by more than a period, it starts anew.
class Ticks {
 public:
  void wait() {
    const Clock::time_point now = Clock::now();
    next_ = next_ + kPeriod < now ? now + kPeriod : next_ + kPeriod;
    const auto since = next_.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    timespec until{};
    until.tv_sec = seconds.count();
    until.tv_nsec = (since - seconds).count();
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
  }

 private:
  Clock::time_point next_{};
};

// Sends a frame that is stamped and says when that was, which is returned.
Clock::time_point send_timed(FrameSender& sender, std::uint64_t number) {
  const auto room = sender.room();
  stamp(room, number);
  const Clock::time_point now = Clock::now();
  set_sent(room, now);
  sender.send();
  return now;
}

void receive_timed(FrameReceiver& receiver, std::size_t frame_bytes, std::uint64_t number, LatencyHistogram& latencies) {
  const auto frame = receiver.receive();
  const Clock::time_point now = Clock::now();
  check_stamp(frame, frame_bytes, number);
  latencies.record(now - sent(frame));
  receiver.release();
}

Work produce_frames(FrameSender& sender, Workload workload) {
  Work work;
  switch (workload) {
    case Workload::FillRead:
      work.frame = [&sender](std::uint64_t number) {
        fill(sender.room(), number);
        sender.send();
      };
      break;
    case Workload::Paced:
      work.frame = [&sender, ticks = Ticks()](std::uint64_t number) mutable {
        ticks.wait();
        send_timed(sender, number);
      };
      break;
    default:
      work.frame = [&sender](std::uint64_t number) {
        stamp(sender.room(), number);
        sender.send();
      };
  }
  return work;
}

void produce_answered(const LinkSetup& frames, const Transport& transport, FrameSender& sender) {
  std::unique_ptr<FrameReceiver> answers;
  LatencyHistogram half_round_trips;
  Work work;
  work.address = sender.address();
  work.daemons = sender.daemons();
  work.connect = [&](const std::string& address) {
    answers = transport.make_receiver(answers_link(frames, address));
    sender.wait_for_receivers();
  };
  work.frame = [&](std::uint64_t number) {
    const Clock::time_point start = send_timed(sender, number);
    const auto answer = answers->receive();
    half_round_trips.record((Clock::now() - start) / 2);
    check_stamp(answer, kSmallestFrameBytes, number);
    answers->release();
  };
  work.report = [&] { return take("half_round_trip_", half_round_trips); };
  serve(work);
}

void consume_answering(const LinkSetup& frames, const Transport& transport, FrameReceiver& receiver) {
  const auto answers = transport.make_sender(answers_link(frames, {}));
  LatencyHistogram latencies;
  Work work;
  work.address = answers->address();
  work.connect = [&](const std::string&) { answers->wait_for_receivers(); };
  work.frame = [&](std::uint64_t number) {
    receive_timed(receiver, frames.frame_bytes, number, latencies);
    stamp(answers->room(), number);
    answers->send();
  };
  work.report = [&] { return take("", latencies); };
  serve(work);
}

void consume_timed(const Peer& peer, FrameReceiver& receiver) {
  LatencyHistogram latencies;
  Work work;
  work.frame = [&](std::uint64_t number) { receive_timed(receiver, peer.frame_bytes, number, latencies); };
  work.report = [&] { return take("", latencies); };
  serve(work);
}

}  // namespace

std::string_view name(Workload workload) noexcept {
  constexpr std::string_view kNames[] = {"handoff", "fill_read", "latency", "paced"};
  return kNames[static_cast<std::size_t>(workload)];
}

void produce(const Peer& peer, const Transport& transport, Workload workload) {
  const LinkSetup frames = frames_link(peer, workload);
  const auto sender = transport.make_sender(frames);
  if (workload == Workload::Latency) return produce_answered(frames, transport, *sender);
  Work work = produce_frames(*sender, workload);
  work.address = sender->address();
  work.daemons = sender->daemons();
  work.connect = [&](const std::string&) { sender->wait_for_receivers(); };
  serve(work);
}

void consume(const Peer& peer, const Transport& transport, Workload workload) {
  const LinkSetup frames = frames_link(peer, workload);
  const auto receiver = transport.make_receiver(frames);
  switch (workload) {
    case Workload::HandOff: return receive_frames(peer, *receiver, check_stamp);
    case Workload::FillRead: return receive_frames(peer, *receiver, check_filled);
    case Workload::Latency: return consume_answering(frames, transport, *receiver);
    case Workload::Paced: return consume_timed(peer, *receiver);
  }
}

void receive_frames(const Peer& peer, FrameReceiver& receiver, CheckFrame check) {
  Work work;
  work.frame = [&](std::uint64_t number) {
    check(receiver.receive(), peer.frame_bytes, number);
    receiver.release();
  };
  serve(work);
}

}  // namespace bench
