// A measurement between processes: a producer and its consumers, all children of the driver.
//
// The channel's lines. Peer, once: "ready [ADDRESS]", "absent WHY" or "error WHY". Consumers are told the producer's address as
// an argument, the producer that of the first consumer, if it has one, by "connect [ADDRESS]", which is the first order to all:
// "connected PID [PID ...]", the processes whose time and memory are that peer's: itself and its daemons. Then, for each
// "run FRAMES" of the driver: "done START_NS STEADY_NS UNSTEADY_NS END_NS" (CLOCK_MONOTONIC, the same in all processes): before
// the first frame, after the first kBuffers, before the last kBuffers (see seconds_of_all in measurement.hpp), after the last.
// Then, when all have said so, "report": "report [NAME=VALUE ...] [PREFIXtimes=NS:TIMES,...]", of that order (percentiles.hpp).
// To any of them the answer may be "error WHY". End of file: end. A peer waits for orders in a read of its channel, and uses no
// processor meanwhile.
//
// Processors: see keep_apart.
//
// CPU time is that from before an order until all have done it, threads that work behind a send among it; the driver reads the
// processes' clocks. It reads their memory, too: of all, one right after the other, again and again during the first warm-up, the
// second, the fourth and so on, as reading a gigabyte of mappings takes longer than its frames.
#pragma once

#include "child_process.hpp"
#include "measurement.hpp"
#include "peer.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace bench {

// How peers are started. Appended are the arguments of peer.hpp.
struct PeerProgram {
  std::vector<std::string> command{};  // an absolute path first
  std::string missing{};               // why there is no such program, if there is none
};

class PeerPair : public Measurement {
 public:
  PeerPair(std::string name, PeerProgram program, std::filesystem::path directory, std::size_t consumers = 1);
  ~PeerPair() override;  // has all end in order, as far as they do within seconds

  // start without its first frames: those of the next run are the very first.
  void launch(std::size_t frame_bytes);
  // As run, but seconds from the producer's first action until the last frame is had, of any number of frames.
  double run_from_first(std::uint64_t frames);

  void start(std::size_t frame_bytes) override;
  void warm_up(std::uint64_t frames) override;
  double run(std::uint64_t frames) override;
  // Those that peers report, p50_us of each of the latencies, and of all peers with their daemons: cpu_s_per_gb (of frames sent;
  // also producer_ and consumer_, which is that of all consumers), cpu_us_per_frame, memory_mb.
  Counters counters() const override;
  Latencies latencies() const override { return report_.latencies; }
  void stop() override;

 private:
  struct Side {
    std::unique_ptr<ChildProcess> child{};
    std::vector<pid_t> processes{};
  };
  struct Done {
    double seconds = 0;         // from the producer's first action
    double steady_seconds = 0;  // see seconds_of_all
  };

  Side spawn(const std::string& role, std::size_t consumer, const std::string& address);
  void connect(const std::string& first_consumer);
  void keep_apart() const;
  std::vector<ChildProcess*> consumers() const;
  std::vector<ChildProcess*> all_peers() const;  // the producer is the last
  double consumers_cpu_seconds() const;
  void read_memory();
  Done order(std::uint64_t frames, const std::function<void()>& meanwhile = {});
  void take_report();
  Done measure(std::uint64_t frames);

  const std::string name_;
  const PeerProgram program_;
  const std::filesystem::path directory_;
  const std::size_t consumer_count_;
  std::size_t frame_bytes_ = 0;
  double seconds_per_frame_ = 0;  // of the latest order: how long the next one may be expected to take
  double most_memory_bytes_ = 0;
  unsigned warm_ups_ = 0;
  Report report_{};  // of the latest order
  Counters cpu_{};   // of the latest run
  Side producer_{};
  std::vector<Side> consumers_{};
};

}  // namespace bench
