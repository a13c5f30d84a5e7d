// A producer that does as it is told: RUNTIME_DIRECTORY STREAM [key=value...], then commands on standard input.
#include "faults/command_line.hpp"
#include "faults/pattern.hpp"
#include "faults/scene.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace arraywire;
using faults::CommandLine;
using std::chrono::milliseconds;

PublisherOptions options(const faults::Settings& settings) {
  PublisherOptions o{.history = static_cast<std::uint32_t>(settings.number("history", 0)),
                     .block_limit = milliseconds{settings.number("block_ms", 1000)},
                     .max_memory_bytes = settings.number("memory", 0),
                     .linger = milliseconds{settings.number("linger_ms", 2000)}};
  if (const std::string listen = settings.text("listen", ""); !listen.empty()) o.listen = {listen};
  if (settings.text("lane", "") == "inline") o.lane = LaneChoice::Inline;
  if (settings.text("delivery", "") == "distribute") o.delivery = Delivery::Distribute;
  return o;
}

class Producer {
 public:
  Producer(const char* directory, const char* stream, const faults::Settings& settings)
      : bytes_(settings.number("bytes", 4096)),
        pause_us_(settings.number("pause_us", 0)),
        frame_id_(settings.number("first", 1)),
        context_({.runtime_directory = directory,
                  .on_event = [this](const Event& e) { ++events_[static_cast<std::size_t>(e.kind)]; }}),
        publisher_(std::in_place, context_, stream, options(settings)) {
    CommandLine::say("ready endpoint=" + publisher_->endpoints().back());
  }

  void run() {
    const std::map<std::string, std::function<void(std::uint64_t)>, std::less<>> commands{
        {"wait", [this](auto n) { wait(n); }},
        {"publish", [this](auto n) { publish(n); }},
        {"flow", [this](auto) { flow(); }},
        {"halt", [this](auto) { halted(); }},
        {"loan", [this](auto) { loan(); }},
        {"finish", [this](auto n) { finish(n); }},
        {"stats", [this](auto) { statistics(); }},
        {"close", [this](auto) { close(); }},
        {"hoard", [this](auto) { hoard(); }},
        {"quit", [this](auto) { quit(); }},
        {"fork-active", [this](auto) { fork_active(); }}};
    while (const auto command = line_.next()) {
      if (command->word == "return") return;
      commands.at(command->word)(command->number);
      if (::getpid() != pid_) return;  // the child
    }
  }

 private:
  void wait(std::uint64_t n) { CommandLine::say(publisher_->wait_for_subscribers(n, faults::kWatchdog) ? "joined" : "nobody"); }
  void one() { last_ = faults::publish_frame(*publisher_, bytes_, frame_id_++); }
  void publish(std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) one();
    CommandLine::say("published sequence=" + std::to_string(last_.sequence) + " receivers=" + std::to_string(last_.receivers) +
                     " missed=" + std::to_string(last_.missed));
  }
  void flow() {
    while (!line_.waiting()) {
      one();
      if (pause_us_ > 0) ::usleep(static_cast<useconds_t>(pause_us_));
    }
  }
  void halted() { CommandLine::say("halted sequence=" + std::to_string(last_.sequence)); }
  // Half written, never published.
  void loan() {
    loans_.push_back(publisher_->loan(faults::bytes_spec(bytes_), faults::kWatchdog).value());
    faults::fill(loans_.back().array().bytes().first(bytes_ / 2), frame_id_);
    CommandLine::say("loaned");
  }
  // How many slots can be had at once: what nobody else holds.
  void hoard() {
    std::vector<Loan> all;
    for (;;) {
      auto one_more = publisher_->loan(faults::bytes_spec(bytes_));
      if (!one_more) break;
      all.push_back(std::move(*one_more));
    }
    CommandLine::say("hoarded slots=" + std::to_string(all.size()));
  }
  void finish(std::uint64_t ms) {
    const FinishReport report = publisher_->finish(milliseconds{ms});
    CommandLine::say(std::string("finished complete=") + (report.complete ? "1" : "0") +
                     " untaken=" + std::to_string(report.untaken));
  }
  void close() {
    publisher_.reset();
    CommandLine::say("closed");
  }
  // A child that calls everything that waits, reads or sends, drops everything and ends.
  void fork_active() {
    if (!CommandLine::fork_and_wait()) return;
    call_everything();
    loans_.clear();
  }
  void call_everything() {
    const std::array<std::function<void()>, 7> calls{
        {[this] { static_cast<void>(publisher_->loan(faults::bytes_spec(bytes_))); },
         [this] { publisher_->reserve(std::array{faults::bytes_spec(bytes_)}, 1); },
         [this] { static_cast<void>(publisher_->publish(std::move(loans_.at(0)))); },
         [this] { static_cast<void>(publisher_->wait_for_subscribers(1, milliseconds{1})); },
         [this] { static_cast<void>(publisher_->finish(milliseconds{1})); },
         [this] { static_cast<void>(publisher_->statistics()); }, [this] { const Publisher another(context_, "another"); }}};
    CommandLine::say("child calls=" + std::to_string(calls.size()) + " refused=" + std::to_string(CommandLine::refused(calls)));
  }
  [[noreturn]] void quit() {
    publisher_.reset();
    ::_exit(0);
  }
  void statistics() {
    const PublisherStatistics s = publisher_->statistics();
    const auto count = [this](EventKind kind) { return std::to_string(events_[static_cast<std::size_t>(kind)].load()); };
    std::uint64_t taken = 0;
    for (const ConsumerStatistics& consumer : s.consumers) taken += consumer.taken;
    CommandLine::say("stats taken=" + std::to_string(taken) + " published=" + std::to_string(s.published) +
                     " pool=" + std::to_string(s.pool_bytes) + " slots=" + std::to_string(s.slots) +
                     " abandoned=" + std::to_string(s.abandoned) + " dropped=" + std::to_string(s.dropped_peer_messages) +
                     " waived=" + count(EventKind::Waived) + " left=" + count(EventKind::Left) +
                     " resident=" + std::to_string(faults::resident_bytes(::getpid())));
  }

  const pid_t pid_ = ::getpid();
  const std::size_t bytes_;
  const std::uint64_t pause_us_;
  std::uint64_t frame_id_;
  std::array<std::atomic<std::uint64_t>, 16> events_{};
  CommandLine line_{};
  Context context_;
  std::optional<Publisher> publisher_;
  std::vector<Loan> loans_{};
  Published last_{};
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) return 2;
  const pid_t pid = ::getpid();
  Producer(argv[1], argv[2], faults::Settings(argc, argv, 3)).run();
  if (::getpid() != pid) ::_exit(0);  // of a fork: what it leaves alone is no leak
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "fault_producer: %s\n", e.what());
  CommandLine::say("error " + std::string(e.what()));
  return 1;
}
