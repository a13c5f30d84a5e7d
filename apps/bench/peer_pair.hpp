// A measurement between processes: a producer and its consumers, all children of the driver (this program without --peer).
//
// The channel's lines. Peer, once: "ready [ADDRESS]", "absent WHY" or "error WHY". Then, for each "run FRAMES" of the driver:
// "done START_NS END_NS [NAME=VALUE ...]" (CLOCK_MONOTONIC, the same in both processes) or "error WHY". End of file: end.
#pragma once

#include "child_process.hpp"
#include "families.hpp"
#include "measurement.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace bench {

// A program and its first arguments. Appended are: role, frame bytes, directory and, for the consumer, the producer's address.
using PeerCommand = std::vector<std::string>;

class PeerPair : public Measurement {
 public:
  PeerPair(std::string name, PeerCommand command, std::filesystem::path directory, std::size_t consumers = 1);

  // start without its first frames: those of the next run are the very first.
  void launch(std::size_t frame_bytes);

  void start(std::size_t frame_bytes) override;
  double run(std::uint64_t frames) override;
  Counters counters() const override { return counters_; }
  void stop() override;

 private:
  std::unique_ptr<ChildProcess> spawn(const std::string& role, std::size_t frame_bytes, const std::string& address);

  const std::string name_;
  const PeerCommand command_;
  const std::filesystem::path directory_;
  const std::size_t consumer_count_;
  double seconds_per_frame_ = 0;  // of the latest run: how long the next one may be expected to take
  Counters counters_{};
  std::unique_ptr<ChildProcess> producer_{};
  std::vector<std::unique_ptr<ChildProcess>> consumers_{};
};

// Processes of this program, running the family's producer and consumer.
std::unique_ptr<Measurement> make_peer_pair(const Family& family, const std::filesystem::path& directory);

}  // namespace bench
