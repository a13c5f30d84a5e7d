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

constexpr std::uint64_t kFirstFrames = 8;  // touch every buffer that both sides rotate through
constexpr char kCpu[] = "cpu_s";
constexpr char kMemory[] = "memory_bytes";

// What follows the first word, which must be that one.
std::string rest_of(const std::string& line, const std::string& first) {
  std::istringstream words(line);
  std::string word;
  std::string rest;
  words >> word >> rest;
  if (word != first) throw std::runtime_error("a peer answered \"" + line + "\"");
  return rest;
}

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

double taken(Counters& from, const std::string& name) {
  const auto node = from.extract(name);
  return node.empty() ? 0 : node.mapped();
}

}  // namespace

PeerPair::PeerPair(std::string name, PeerProgram program, std::filesystem::path directory, std::size_t consumers)
    : name_(std::move(name)), program_(std::move(program)), directory_(std::move(directory)), consumer_count_(consumers) {}

std::unique_ptr<ChildProcess> PeerPair::spawn(const std::string& role, std::size_t consumer, const std::string& address) {
  std::vector<std::string> command = program_.command;
  command.insert(command.end(), {role, std::to_string(frame_bytes_), std::to_string(consumer_count_), std::to_string(consumer),
                                 directory_.string(), address});
  return std::make_unique<ChildProcess>(name_ + " " + role, command);
}

std::vector<ChildProcess*> PeerPair::all_peers() const {
  std::vector<ChildProcess*> all;
  for (const auto& consumer : consumers_) all.push_back(consumer.get());
  all.push_back(producer_.get());
  return all;
}

void PeerPair::launch(std::size_t frame_bytes) {
  const std::string& path = program_.command.front();
  if (::access(path.c_str(), X_OK) != 0) {
    throw Absent(name_ + ": absent: " + (program_.missing.empty() ? "no " + path : program_.missing));
  }
  frame_bytes_ = frame_bytes;
  producer_ = spawn("producer", 0, "");
  const std::string address = rest_of(next_line(*producer_), "ready");
  for (std::size_t i = 0; i < consumer_count_; ++i) consumers_.push_back(spawn("consumer", i, address));
  std::string first_consumer;
  for (const auto& consumer : consumers_) {
    const std::string of_consumer = rest_of(next_line(*consumer), "ready");
    if (consumer == consumers_.front()) first_consumer = of_consumer;
  }
  const auto all = all_peers();
  for (ChildProcess* peer : all) peer->send("connect " + first_consumer);
  for (const std::string& line : next_lines(all)) rest_of(line, "connected");
}

void PeerPair::start(std::size_t frame_bytes) {
  launch(frame_bytes);
  warm_up(kFirstFrames);
}

PeerPair::Answers PeerPair::order(const std::string& word, std::uint64_t frames) {
  const auto all = all_peers();
  for (ChildProcess* peer : all) peer->send(word + " " + std::to_string(frames));
  const std::chrono::duration<double> expected(seconds_per_frame_ * static_cast<double>(frames));
  const auto lines = next_lines(all, kWatchdog + std::chrono::ceil<std::chrono::seconds>(10 * expected));
  Answers answers;
  std::int64_t end_ns = 0;
  for (const std::string& line : lines) {
    Done done = parse_done(line);
    if (&line == &lines.back()) {
      answers.seconds = static_cast<double>(end_ns - done.start_ns) * 1e-9;
      answers.produced = std::move(done.counters);
    } else {
      end_ns = std::max(end_ns, done.end_ns);
      answers.consumed.push_back(std::move(done.counters));
    }
  }
  seconds_per_frame_ = answers.seconds / static_cast<double>(frames);
  return answers;
}

void PeerPair::warm_up(std::uint64_t frames) {
  Answers answers = order("warm", frames);
  double memory_bytes = taken(answers.produced, kMemory);
  for (Counters& of_consumer : answers.consumed) memory_bytes += taken(of_consumer, kMemory);
  most_memory_bytes_ = std::max(most_memory_bytes_, memory_bytes);
}

double PeerPair::run(std::uint64_t frames) {
  Answers answers = order("run", frames);
  const double producer_s = taken(answers.produced, kCpu);
  double consumers_s = 0;
  for (Counters& of_consumer : answers.consumed) consumers_s += taken(of_consumer, kCpu);
  counters_ = std::move(answers.produced);
  counters_.merge(answers.consumed.front());
  const double gigabytes = static_cast<double>(frames * frame_bytes_) * 1e-9;
  counters_["producer_cpu_s_per_gb"] = producer_s / gigabytes;
  counters_["consumer_cpu_s_per_gb"] = consumers_s / gigabytes;
  counters_["cpu_s_per_gb"] = (producer_s + consumers_s) / gigabytes;
  counters_["cpu_us_per_frame"] = (producer_s + consumers_s) * 1e6 / static_cast<double>(frames);
  return answers.seconds;
}

Counters PeerPair::counters() const {
  Counters counters = counters_;
  counters["memory_mb"] = most_memory_bytes_ * 1e-6;
  return counters;
}

void PeerPair::stop() {
  for (const auto& consumer : consumers_) consumer->finish();
  producer_->finish();
}

}  // namespace bench
