// A consumer that does as it is told: RUNTIME_DIRECTORY SOURCE [key=value...], then commands on standard input.
#include "faults/command_line.hpp"
#include "faults/tally.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace arraywire;
using faults::CommandLine;
using std::chrono::milliseconds;

SubscriberOptions options(const faults::Settings& settings) {
  SubscriberOptions o{.queue = static_cast<std::uint32_t>(settings.number("queue", 4)),
                      .hold = static_cast<std::uint32_t>(settings.number("hold", 4)),
                      .name = settings.text("name", "")};
  for (const WhenFull policy : {WhenFull::Block, WhenFull::DropNewest, WhenFull::Latest}) {
    if (settings.text("when_full", "") == name(policy)) o.when_full = policy;
  }
  return o;
}

class Consumer {
 public:
  Consumer(const char* directory, const char* source, const faults::Settings& settings)
      : pause_us_(settings.number("pause_us", 0)),
        poison_(settings.number("poison", 0)),
        context_({.runtime_directory = directory,
                  .on_event = [this](const Event& e) { ++events_[static_cast<std::size_t>(e.kind)]; }}),
        subscriber_(context_, source, options(settings)) {
    CommandLine::say("ready");
  }

  void run() {
    const std::map<std::string, std::function<void(std::uint64_t)>, std::less<>> commands{
        {"take", [this](auto n) { take(n); }},     {"keep", [this](auto n) { keep(n); }},
        {"look", [this](auto n) { look(n); }},     {"release", [this](auto) { release(); }},
        {"check", [this](auto) { check(); }},      {"flow", [this](auto) { flow(); }},
        {"halt", [this](auto) { say_tally(); }},   {"drain", [this](auto) { drain(); }},
        {"stats", [this](auto) { statistics(); }}, {"status", [this](auto) { say_status(); }},
        {"work", [this](auto) { work(); }},        {"churn", [this](auto) { churn(); }},
        {"fork", [this](auto) { fork_still(); }},  {"fork-active", [this](auto) { fork_active(); }}};
    while (const auto command = line_.next()) {
      if (command->word == "return") return;
      commands.at(command->word)(command->number);
      if (::getpid() != pid_) return;  // the child
    }
  }

 private:
  void finished_with(Sample& sample) {
    tally_.add(sample);
    if (pause_us_ > 0) ::usleep(static_cast<useconds_t>(pause_us_));
  }
  void take(std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      auto sample = subscriber_.take(faults::kWatchdog);
      if (!sample) return CommandLine::say("failed " + std::string(describe(sample.error())));
      finished_with(*sample);
    }
    say_tally();
  }
  void keep(std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      auto sample = subscriber_.take(faults::kWatchdog);
      if (!sample) return CommandLine::say("failed " + std::string(describe(sample.error())));
      finished_with(*sample);
      kept_.push_back(std::move(*sample));
    }
    say_tally();
  }
  void look(std::uint64_t ms) {
    auto sample = subscriber_.take(milliseconds{ms});
    if (!sample) return CommandLine::say(error_word(sample.error()));
    finished_with(*sample);
    CommandLine::say("message sequence=" + std::to_string(sample->info().sequence));
  }
  void release() {
    kept_.clear();
    CommandLine::say("released");
  }
  void check() {
    bool all = true;
    for (const Sample& sample : kept_) all = all && faults::intact(sample);
    CommandLine::say(all ? "intact" : "damaged");
  }
  void flow() {
    while (!line_.waiting()) {
      auto sample = subscriber_.take(milliseconds{20});
      if (sample) finished_with(*sample);
      if (!sample && sample.error() == TakeError::Ended) tally_.ended();
    }
  }
  // Takes, keeps and releases as it comes, until it is told otherwise.
  void churn() {
    std::mt19937 random(static_cast<unsigned>(::getpid()));
    while (!line_.waiting()) {
      auto sample = subscriber_.take(milliseconds{20});
      if (sample) {
        finished_with(*sample);
        kept_.push_back(std::move(*sample));
      }
      while (!kept_.empty() && random() % 4 != 0) {
        kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(random() % kept_.size()));
      }
      ::usleep(static_cast<useconds_t>(random() % 500));
    }
    kept_.clear();
  }
  // A child that has copies of everything, does nothing and lives on.
  void fork_still() {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(CommandLine::kChildSeconds);
      for (;;) ::pause();
    }
    CommandLine::say("forked pid=" + std::to_string(child));
  }
  // A child that calls everything that waits, reads or sends, drops all samples and then everything else, and ends.
  void fork_active() {
    if (!CommandLine::fork_and_wait()) return;
    call_everything();
    kept_.clear();
  }
  void call_everything() {
    const std::array<std::function<void()>, 6> calls{
        {[this] { static_cast<void>(subscriber_.take(milliseconds{1})); }, [this] { static_cast<void>(subscriber_.status()); },
         [this] { static_cast<void>(subscriber_.statistics()); }, [this] { static_cast<void>(subscriber_.stream()); },
         [this] { static_cast<void>(wait_any(std::array{&subscriber_}, {})); },
         [this] { const Subscriber another(context_, "faults"); }}};
    bool all = true;
    for (const Sample& sample : kept_) all = all && faults::intact(sample);
    CommandLine::say("child calls=" + std::to_string(calls.size()) + " refused=" + std::to_string(CommandLine::refused(calls)) +
                     " kept=" + (all ? "intact" : "damaged"));
  }
  void drain() {
    while (!tally_.at_end()) {
      auto sample = subscriber_.take(faults::kWatchdog);
      if (!sample && sample.error() != TakeError::Ended)
        return CommandLine::say("failed " + std::string(describe(sample.error())));
      if (sample) {
        finished_with(*sample);
      } else {
        tally_.ended();
      }
    }
    say_tally();
  }
  // A worker of a distributed stream: says what it did before it releases. The poisoned frame kills it.
  void work() {
    for (;;) {
      auto sample = subscriber_.take(faults::kWatchdog);
      if (!sample) return CommandLine::say(error_word(sample.error()));
      const std::uint64_t id = sample->info().frame_id.value_or(0);
      if (poison_ != 0 && id == poison_) ::raise(SIGKILL);
      if (pause_us_ > 0) ::usleep(static_cast<useconds_t>(pause_us_));
      CommandLine::say("did id=" + std::to_string(faults::intact(*sample) ? id : 0) +
                       " attempt=" + std::to_string(sample->info().attempt));
    }
  }
  static std::string error_word(TakeError error) {
    switch (error) {
      case TakeError::Timeout: return "timeout";
      case TakeError::Ended: return "ended";
      case TakeError::HoldingAll: return "holding-all";
      case TakeError::Refused: return "refused";
      case TakeError::WrongSpec: return "wrong-spec";
      case TakeError::Stopped: return "stopped";
    }
    return "unknown";
  }
  void say_tally() { CommandLine::say("tally " + tally_.text() + " " + counted()); }
  std::string counted() const {
    const SubscriberStatistics s = subscriber_.statistics();
    return "missed=" + std::to_string(s.missed) + " gaps=" + std::to_string(s.gaps) + " malformed=" + std::to_string(s.malformed);
  }
  void statistics() {
    const auto count = [this](EventKind kind) { return std::to_string(events_[static_cast<std::size_t>(kind)].load()); };
    CommandLine::say("stats " + tally_.text() + " " + counted() + " silent=" + count(EventKind::Silent) +
                     " resumed=" + count(EventKind::Resumed) + " connected=" + count(EventKind::Connected) +
                     " resident=" + std::to_string(faults::resident_bytes(::getpid())));
  }
  void say_status() { CommandLine::say("status " + to_string(subscriber_.status())); }

  const pid_t pid_ = ::getpid();
  const std::uint64_t pause_us_;
  const std::uint64_t poison_;
  std::array<std::atomic<std::uint64_t>, 16> events_{};
  CommandLine line_{};
  faults::Tally tally_{};
  Context context_;
  Subscriber subscriber_;
  std::vector<Sample> kept_{};
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) return 2;
  const pid_t pid = ::getpid();
  Consumer(argv[1], argv[2], faults::Settings(argc, argv, 3)).run();
  if (::getpid() != pid) ::_exit(0);  // of a fork: what it leaves alone is no leak
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "fault_consumer: %s\n", e.what());
  CommandLine::say("error " + std::string(e.what()));
  return 1;
}
