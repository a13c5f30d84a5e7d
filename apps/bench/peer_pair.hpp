// A measurement between processes: a producer and its consumers, all children of the driver.
//
// The channel's lines. Peer, once: "ready [ADDRESS]", "absent WHY" or "error WHY". Consumers are told the producer's address as
// an argument, the producer that of the first consumer, if it has one, by "connect [ADDRESS]", which is the first order to all:
// "connected" or "error WHY". Then, for each "run FRAMES" of the driver: "done START_NS END_NS [NAME=VALUE ...]"
// (CLOCK_MONOTONIC, the same in all processes) or "error WHY"; among the values is cpu_s. For "warm FRAMES" the same, with
// memory_bytes instead. End of file: end. A peer waits for orders in a read of its channel, and uses no processor meanwhile.
#pragma once

#include "child_process.hpp"
#include "measurement.hpp"

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

  // start without its first frames: those of the next run are the very first.
  void launch(std::size_t frame_bytes);

  void start(std::size_t frame_bytes) override;
  void warm_up(std::uint64_t frames) override;
  double run(std::uint64_t frames) override;
  // Those that peers report, and of all of them with their daemons: cpu_s_per_gb (of frames sent; also producer_ and consumer_,
  // which is that of all consumers), cpu_us_per_frame, memory_mb.
  Counters counters() const override;
  void stop() override;

 private:
  struct Answers {
    double seconds = 0;
    Counters produced{};
    std::vector<Counters> consumed{};
  };

  std::unique_ptr<ChildProcess> spawn(const std::string& role, std::size_t consumer, const std::string& address);
  std::vector<ChildProcess*> all_peers() const;  // the producer is the last
  Answers order(const std::string& word, std::uint64_t frames);

  const std::string name_;
  const PeerProgram program_;
  const std::filesystem::path directory_;
  const std::size_t consumer_count_;
  std::size_t frame_bytes_ = 0;
  double seconds_per_frame_ = 0;  // of the latest order: how long the next one may be expected to take
  double most_memory_bytes_ = 0;
  Counters counters_{};
  std::unique_ptr<ChildProcess> producer_{};
  std::vector<std::unique_ptr<ChildProcess>> consumers_{};
};

}  // namespace bench
