#include "first_frames.hpp"

#include "families.hpp"
#include "peer_pair.hpp"

#include <string>

namespace bench {

namespace {

// Until every slot that the stream will use is there and warm, and then enough to measure.
constexpr std::uint64_t kSettlingFrames = 20;
constexpr std::uint64_t kSteadyFrames = 30;

class FirstFrames : public Measurement {
 public:
  FirstFrames(const Family& family, std::filesystem::path directory) : family_(family), directory_(std::move(directory)) {}

  void start(std::size_t frame_bytes) override { frame_bytes_ = frame_bytes; }

  double run(std::uint64_t frames) override {
    double first = 0;
    double steady = 0;
    const std::uint64_t passes = (frames + kFirstFramesOfAStream - 1) / kFirstFramesOfAStream;
    for (std::uint64_t pass = 0; pass < passes; ++pass) {
      PeerPair pair(std::string(family_.name), {"/proc/self/exe", "--peer", std::string(family_.name)}, directory_);
      pair.launch(frame_bytes_);
      first += pair.run(kFirstFramesOfAStream);
      pair.run(kSettlingFrames);
      steady += pair.run(kSteadyFrames);
      pair.stop();
    }
    const double first_ms = first * 1e3 / static_cast<double>(passes * kFirstFramesOfAStream);
    const double steady_ms = steady * 1e3 / static_cast<double>(passes * kSteadyFrames);
    counters_ = {{"first_ms", first_ms}, {"steady_ms", steady_ms}, {"first_over_steady", first_ms / steady_ms}};
    return first;
  }
  Counters counters() const override { return counters_; }

 private:
  const Family& family_;
  const std::filesystem::path directory_;
  std::size_t frame_bytes_ = 0;
  Counters counters_{};
};

}  // namespace

std::unique_ptr<Measurement> make_first_frames(const Family& family, const std::filesystem::path& directory) {
  return std::make_unique<FirstFrames>(family, directory);
}

}  // namespace bench
