#include "peer_pair.hpp"

#include "percentiles.hpp"
#include "processors.hpp"
#include "resources.hpp"

#include <unistd.h>
#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace bench {

namespace {

constexpr std::uint64_t kFirstFrames = 8;  // touch every buffer that both sides rotate through
constexpr std::chrono::seconds kEndPatience{5};
constexpr std::string_view kTimes = "times";

[[noreturn]] void throw_bad_answer(const std::string& line) { throw std::runtime_error("a peer answered \"" + line + "\""); }

// What follows the first word, which must be that one.
std::istringstream rest_of(const std::string& line, const std::string& first) {
  std::istringstream words(line);
  std::string word;
  if (!(words >> word) || word != first) throw_bad_answer(line);
  return words;
}

std::string address_in(const std::string& ready) {
  std::string address;
  rest_of(ready, "ready") >> address;
  return address;
}

std::string next_line(ChildProcess& child) {
  const std::array<ChildProcess*, 1> only{&child};
  return next_lines(only).front();
}

struct Stamps {
  std::int64_t start_ns = 0;
  std::int64_t steady_ns = 0;
  std::int64_t unsteady_ns = 0;
  std::int64_t end_ns = 0;
};

Stamps parse_done(const std::string& line) {
  Stamps stamps;
  if (!(rest_of(line, "done") >> stamps.start_ns >> stamps.steady_ns >> stamps.unsteady_ns >> stamps.end_ns))
    throw_bad_answer(line);
  return stamps;
}

void add_report(const std::string& line, Report& all) {
  std::istringstream words = rest_of(line, "report");
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) throw_bad_answer(line);
    std::string name = word.substr(0, equals);
    const std::string value = word.substr(equals + 1);
    if (name.ends_with(kTimes)) {
      name.resize(name.size() - kTimes.size());
      merge(all.latencies[name], parse_times(value));
    } else {
      all.counters.emplace(name, std::stod(value));
    }
  }
}

// What is read of a peer's processes; who it was, when one of them is gone.
double read(double (*what)(std::span<const pid_t>), const std::string& peer, std::span<const pid_t> processes) {
  try {
    return what(processes);
  } catch (const std::exception& error) {
    throw std::runtime_error(peer + ": " + error.what());
  }
}

double seconds_between(std::int64_t from_ns, std::int64_t to_ns) { return static_cast<double>(to_ns - from_ns) * 1e-9; }

}  // namespace

PeerPair::PeerPair(std::string name, PeerProgram program, std::filesystem::path directory, std::size_t consumers)
    : name_(std::move(name)), program_(std::move(program)), directory_(std::move(directory)), consumer_count_(consumers) {}

// Consumers first: what they use (shared memory, daemons) may end with the producer.
PeerPair::~PeerPair() {
  end_all(consumers(), kEndPatience);
  if (producer_.child) end_all(std::array{producer_.child.get()}, kEndPatience);
}

PeerPair::Side PeerPair::spawn(const std::string& role, std::size_t consumer, const std::string& address) {
  std::vector<std::string> command = program_.command;
  command.insert(command.end(), {role, std::to_string(frame_bytes_), std::to_string(consumer_count_), std::to_string(consumer),
                                 directory_.string(), address});
  return {.child = std::make_unique<ChildProcess>(name_ + " " + role, command)};
}

std::vector<ChildProcess*> PeerPair::consumers() const {
  std::vector<ChildProcess*> all;
  for (const Side& consumer : consumers_) all.push_back(consumer.child.get());
  return all;
}

std::vector<ChildProcess*> PeerPair::all_peers() const {
  std::vector<ChildProcess*> all = consumers();
  all.push_back(producer_.child.get());
  return all;
}

void PeerPair::launch(std::size_t frame_bytes) {
  const std::string& path = program_.command.front();
  if (::access(path.c_str(), X_OK) != 0) {
    throw Absent(name_ + ": absent: " + (program_.missing.empty() ? "no " + path : program_.missing));
  }
  frame_bytes_ = frame_bytes;
  producer_ = spawn("producer", 0, "");
  const std::string address = address_in(next_line(*producer_.child));
  for (std::size_t i = 0; i < consumer_count_; ++i) consumers_.push_back(spawn("consumer", i, address));
  connect(address_in(next_lines(consumers()).front()));
  keep_apart();
}

void PeerPair::connect(const std::string& first_consumer) {
  const auto all = all_peers();
  for (ChildProcess* peer : all) peer->send("connect " + first_consumer);
  const auto lines = next_lines(all);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Side& side = i < consumers_.size() ? consumers_[i] : producer_;
    std::istringstream processes = rest_of(lines[i], "connected");
    for (pid_t process = 0; processes >> process;) side.processes.push_back(process);
    if (side.processes.empty()) throw_bad_answer(lines[i]);
  }
}

void PeerPair::start(std::size_t frame_bytes) {
  launch(frame_bytes);
  warm_up(kFirstFrames);
  keep_apart();  // threads that came with the first frames
}

// Each thread that sends or receives has a core of its own, as far as there are cores; whatever else its process and its daemons
// run keeps off that one. Left to the kernel, two ends share a core for one batch and not for the next, and what is measured is
// which of both it was.
void PeerPair::keep_apart() const {
  const auto keep = [](const Side& side, std::size_t turn) {
    const Share share = share_of(turn);
    for (const pid_t process : side.processes) {
      for (const pid_t thread : threads_of(process)) keep_to(thread == side.processes.front() ? share.own : share.others, thread);
    }
  };
  keep(producer_, 0);
  for (std::size_t i = 0; i < consumers_.size(); ++i) keep(consumers_[i], i + 1);
}

// The frame is had when all consumers are done with it: so the latest counts of each time.
PeerPair::Done PeerPair::order(std::uint64_t frames, const std::function<void()>& meanwhile) {
  const auto all = all_peers();
  for (ChildProcess* peer : all) peer->send("run " + std::to_string(frames));
  const std::chrono::duration<double> expected(seconds_per_frame_ * static_cast<double>(frames));
  const auto lines = next_lines(all, kWatchdog + std::chrono::ceil<std::chrono::seconds>(10 * expected), meanwhile);
  Stamps consumed;
  for (std::size_t i = 0; i < consumers_.size(); ++i) {
    const Stamps of_consumer = parse_done(lines[i]);
    consumed.steady_ns = std::max(consumed.steady_ns, of_consumer.steady_ns);
    consumed.unsteady_ns = std::max(consumed.unsteady_ns, of_consumer.unsteady_ns);
    consumed.end_ns = std::max(consumed.end_ns, of_consumer.end_ns);
  }
  const Done done{.seconds = seconds_between(parse_done(lines.back()).start_ns, consumed.end_ns),
                  .steady_seconds = seconds_between(consumed.steady_ns, consumed.unsteady_ns)};
  seconds_per_frame_ = done.seconds / static_cast<double>(frames);
  return done;
}

void PeerPair::take_report() {
  const auto all = all_peers();
  for (ChildProcess* peer : all) peer->send("report");
  report_ = {};
  for (const std::string& line : next_lines(all)) add_report(line, report_);
}

double PeerPair::consumers_cpu_seconds() const {
  double seconds = 0;
  for (const Side& consumer : consumers_) seconds += read(cpu_seconds, consumer.child->name(), consumer.processes);
  return seconds;
}

PeerPair::Done PeerPair::measure(std::uint64_t frames) {
  const double producer_start_s = read(cpu_seconds, producer_.child->name(), producer_.processes);
  const double consumers_start_s = consumers_cpu_seconds();
  const Done done = order(frames);
  const double producer_s = read(cpu_seconds, producer_.child->name(), producer_.processes) - producer_start_s;
  const double consumers_s = consumers_cpu_seconds() - consumers_start_s;
  take_report();
  const double gigabytes = static_cast<double>(frames * frame_bytes_) * 1e-9;
  cpu_ = {{"producer_cpu_s_per_gb", producer_s / gigabytes},
          {"consumer_cpu_s_per_gb", consumers_s / gigabytes},
          {"cpu_s_per_gb", (producer_s + consumers_s) / gigabytes},
          {"cpu_us_per_frame", (producer_s + consumers_s) * 1e6 / static_cast<double>(frames)}};
  return done;
}

void PeerPair::read_memory() {
  double bytes = read(memory_bytes, producer_.child->name(), producer_.processes);
  for (const Side& consumer : consumers_) bytes += read(memory_bytes, consumer.child->name(), consumer.processes);
  most_memory_bytes_ = std::max(most_memory_bytes_, bytes);
}

void PeerPair::warm_up(std::uint64_t frames) {
  if (std::has_single_bit(++warm_ups_)) {
    order(frames, [this] { read_memory(); });
    read_memory();
  } else {
    order(frames);
  }
  take_report();
}

double PeerPair::run(std::uint64_t frames) { return seconds_of_all(measure(frames).steady_seconds, frames); }

double PeerPair::run_from_first(std::uint64_t frames) { return measure(frames).seconds; }

Counters PeerPair::counters() const {
  Counters counters = report_.counters;
  counters.insert(cpu_.begin(), cpu_.end());
  counters["memory_mb"] = most_memory_bytes_ * 1e-6;
  for (const auto& [prefix, times] : report_.latencies) counters[prefix + "p50_us"] = percentiles(times).at("p50_us");
  return counters;
}

void PeerPair::stop() {
  for (ChildProcess* consumer : consumers()) consumer->finish();
  producer_.child->finish();
}

}  // namespace bench
