#include "peer_pair.hpp"

#include <unistd.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

constexpr std::uint64_t kFirstFrames = 8;  // connect both sides and touch every buffer that they rotate through

std::string next_line(ChildProcess& child) {
  const std::array<ChildProcess*, 1> only{&child};
  return next_lines(only).front();
}

struct Done {
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  Counters counters{};
};

Done parse_done(const std::string& line) {
  Done done;
  std::string word;
  std::istringstream words(line);
  words >> word >> done.start_ns >> done.end_ns;
  if (!words || word != "done") throw std::runtime_error("a peer answered \"" + line + "\"");
  while (words >> word) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) throw std::runtime_error("a peer answered \"" + line + "\"");
    done.counters[word.substr(0, equals)] = std::stod(word.substr(equals + 1));
  }
  return done;
}

}  // namespace

PeerPair::PeerPair(std::string name, PeerCommand command, std::filesystem::path directory, std::size_t consumers)
    : name_(std::move(name)), command_(std::move(command)), directory_(std::move(directory)), consumer_count_(consumers) {}

std::unique_ptr<ChildProcess> PeerPair::spawn(const std::string& role, std::size_t frame_bytes, const std::string& address) {
  PeerCommand command = command_;
  command.insert(command.end(), {role, std::to_string(frame_bytes), directory_.string(), address});
  return std::make_unique<ChildProcess>(name_ + " " + role, command);
}

void PeerPair::launch(std::size_t frame_bytes) {
  if (::access(command_.front().c_str(), X_OK) != 0) throw Absent(name_ + ": absent: no " + command_.front());
  producer_ = spawn("producer", frame_bytes, "");
  std::istringstream ready(next_line(*producer_));
  std::string word;
  std::string address;
  ready >> word >> address;
  for (std::size_t i = 0; i < consumer_count_; ++i) consumers_.push_back(spawn("consumer", frame_bytes, address));
  for (const auto& consumer : consumers_) next_line(*consumer);
}

void PeerPair::start(std::size_t frame_bytes) {
  launch(frame_bytes);
  run(kFirstFrames);
}

double PeerPair::run(std::uint64_t frames) {
  std::vector<ChildProcess*> all;
  for (const auto& consumer : consumers_) all.push_back(consumer.get());
  all.push_back(producer_.get());
  for (ChildProcess* child : all) child->send("run " + std::to_string(frames));
  const std::chrono::duration<double> expected(seconds_per_frame_ * static_cast<double>(frames));
  const auto lines = next_lines(all, kWatchdog + std::chrono::ceil<std::chrono::seconds>(10 * expected));
  const Done produced = parse_done(lines.back());
  counters_ = produced.counters;
  std::int64_t end_ns = 0;
  for (std::size_t i = 0; i < consumers_.size(); ++i) {
    Done consumed = parse_done(lines[i]);
    counters_.merge(consumed.counters);
    end_ns = std::max(end_ns, consumed.end_ns);
  }
  const double seconds = static_cast<double>(end_ns - produced.start_ns) * 1e-9;
  seconds_per_frame_ = seconds / static_cast<double>(frames);
  return seconds;
}

void PeerPair::stop() {
  for (const auto& consumer : consumers_) consumer->finish();
  producer_->finish();
}

std::unique_ptr<Measurement> make_peer_pair(const Family& family, const std::filesystem::path& directory) {
  const std::string name(family.name);
  return std::make_unique<PeerPair>(name, PeerCommand{"/proc/self/exe", "--peer", name}, directory, family.consumers);
}

}  // namespace bench
