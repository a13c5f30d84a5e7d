#include "first_frames.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace bench {

namespace {

// Until all memory that the stream will use is there and warm, and then enough to measure.
constexpr std::uint64_t kSettlingFrames = 20;
constexpr std::uint64_t kSteadyFrames = 20;

class FirstFrames : public Measurement {
 public:
  FirstFrames(std::string name, PeerProgram program, std::filesystem::path directory)
      : name_(std::move(name)), program_(std::move(program)), directory_(std::move(directory)) {}

  void start(std::size_t frame_bytes) override { frame_bytes_ = frame_bytes; }

  void warm_up(std::uint64_t /*frames*/) override {}  // every pass is cold

  double run(std::uint64_t frames) override {
    double first = 0;
    double steady = 0;
    double setup = 0;
    const std::uint64_t passes = (frames + kFirstFramesOfAStream - 1) / kFirstFramesOfAStream;
    for (std::uint64_t pass = 0; pass < passes; ++pass) {
      const auto directory = directory_ / std::to_string(++passes_);
      std::filesystem::create_directory(directory);
      PeerPair pair(name_, program_, directory);
      const auto start = std::chrono::steady_clock::now();
      pair.launch(frame_bytes_);
      setup += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      first += pair.run_from_first(kFirstFramesOfAStream);
      counters_ = pair.counters();
      pair.warm_up(kSettlingFrames);
      steady += pair.run(kSteadyFrames);
      counters_["memory_mb"] = pair.counters().at("memory_mb");
      pair.stop();
    }
    const double first_ms = first * 1e3 / static_cast<double>(passes * kFirstFramesOfAStream);
    const double steady_ms = steady * 1e3 / static_cast<double>(passes * kSteadyFrames);
    counters_.merge(Counters{{"setup_ms", setup * 1e3 / static_cast<double>(passes)},
                             {"first_ms", first_ms},
                             {"steady_ms", steady_ms},
                             {"first_over_steady", first_ms / steady_ms}});
    return first;
  }
  Counters counters() const override { return counters_; }

 private:
  const std::string name_;
  const PeerProgram program_;
  const std::filesystem::path directory_;
  std::size_t frame_bytes_ = 0;
  std::uint64_t passes_ = 0;
  Counters counters_{};
};

}  // namespace

std::function<std::unique_ptr<Measurement>(const std::filesystem::path& directory)> make_first_frames(
    const std::string& name, const PeerProgram& program) {
  return [=](const std::filesystem::path& directory) { return std::make_unique<FirstFrames>(name, program, directory); };
}

}  // namespace bench
