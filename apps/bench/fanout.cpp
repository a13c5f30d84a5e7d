#include "fanout.hpp"

#include "frame.hpp"
#include "peer.hpp"
#include "stream_calls.hpp"
#include "stream_link.hpp"
#include "workloads.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace bench {

namespace {

using arraywire::Lane;

constexpr char kStream[] = "fanout";

// One frame at a time is in use, and one is loaned: more slots than these would mean that consumers do not share them.
constexpr std::size_t kMostSlots = 2;

double seconds_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

bool all_released(const arraywire::PublisherStatistics& statistics) {
  return std::ranges::all_of(statistics.consumers, [](const auto& c) { return c.taken == c.sent && c.leased == 0; });
}

// What publishing cost since the last report.
class PublishCost {
 public:
  template <class Publish> void time(Publish publish) {
    const double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    const auto start = std::chrono::steady_clock::now();
    publish();
    times_.record(std::chrono::steady_clock::now() - start);
    thread_seconds_ += seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    ++frames_;
  }
  // The wait for the consumers is the benchmark's own: what it costs this thread is not the publisher's.
  template <class Wait> void leave_out(Wait wait) {
    const double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    wait();
    left_out_seconds_ += seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
  }
  Report report() {
    Report report = take("publish_", times_);
    const double process = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    report.counters["cpu_us"] = thread_seconds_ / static_cast<double>(frames_) * 1e6;
    report.counters["process_cpu_us"] = (process - process_seconds_ - left_out_seconds_) / static_cast<double>(frames_) * 1e6;
    thread_seconds_ = left_out_seconds_ = 0;
    frames_ = 0;
    process_seconds_ = process;
    return report;
  }

 private:
  arraywire::cli::LatencyHistogram times_{};
  double thread_seconds_ = 0;
  double left_out_seconds_ = 0;
  double process_seconds_ = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  std::uint64_t frames_ = 0;
};

void wait_until_released(const arraywire::Publisher& publisher) {
  while (!all_released(publisher.statistics())) std::this_thread::sleep_for(std::chrono::microseconds{50});
}

}  // namespace

void fanout_producer(const Peer& peer) {
  arraywire::Context context(context_options(peer.directory));
  arraywire::Publisher publisher(context, kStream, publisher_options(Lane::SharedMemory, peer.frame_bytes));
  const arraywire::ArraySpec spec = frame_spec(peer.frame_bytes);
  PublishCost cost;
  Work work;
  work.connect = [&](const std::string&) { wait_for_subscribers(publisher, peer.consumers); };
  work.frame = [&](std::uint64_t number) {
    arraywire::Loan loan = loan_frame(publisher, spec);
    stamp(loan.array().bytes(), number);
    cost.time([&] { expect_receivers(publisher.publish(std::move(loan)), peer.consumers); });
    cost.leave_out([&] { wait_until_released(publisher); });
  };
  work.report = [&] {
    const std::size_t slots = publisher.statistics().slots;
    if (slots > kMostSlots) throw std::runtime_error(std::to_string(slots) + " slots for one frame at a time");
    Report report = cost.report();
    report.counters["slots"] = static_cast<double>(slots);
    return report;
  };
  serve(work);
}

void fanout_consumer(const Peer& peer) {
  const auto receiver =
      kSharedMemory.make_receiver({.channel = kStream, .frame_bytes = peer.frame_bytes, .directory = peer.directory});
  receive_frames(peer, *receiver, check_stamp);
}

}  // namespace bench
