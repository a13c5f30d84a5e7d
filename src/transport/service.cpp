#include "transport/service.hpp"

#include "arraywire/error.hpp"
#include "transport/accounts.hpp"
#include "transport/runtime_directory.hpp"
#include "transport/signals.hpp"

#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace arraywire::transport {

namespace {

constexpr int kZeroCopyReceive =
    10;  // ZMQ_ZERO_COPY_RECV: a draft name, but in Debian's build; off, small frames are 8-byte aligned

// Processes of one boot share CLOCK_MONOTONIC; containers on one host do too.
Id boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  if (!(file >> text)) return random_id();  // no host known: latencies are then not reported across processes
  std::erase(text, '-');
  if (text.size() != 32) return random_id();
  try {
    return {std::stoull(text.substr(0, 16), nullptr, 16), std::stoull(text.substr(16), nullptr, 16)};
  } catch (const std::exception&) {
    return random_id();
  }
}

}  // namespace

Service::Service(ContextOptions options)
    : options_(std::move(options)),
      trusted_(look_up(options_.trust)),
      runtime_directories_(arraywire::transport::runtime_directories(options_.runtime_directory, trusted_)),
      events_(std::make_shared<EventSink>(options_.on_event)),
      process_(std::make_shared<const memory::ProcessMark>()),
      host_(boot_id()),
      releases_(memory::ReleaseQueue::create()),
      zmq_(std::max(options_.io_threads, 1)) {
  zmq_ctx_set(zmq_.handle(), ZMQ_BLOCKY, 0);
  zmq_ctx_set(zmq_.handle(), kZeroCopyReceive, 0);
  zmq_ctx_set(zmq_.handle(), ZMQ_MAX_SOCKETS, 65535);
  const SignalsDeferred quiet;  // signals are the application's business: the service thread takes none of them
  thread_ = std::thread([this] { run(); });
}

Service::~Service() {
  if (!in_own_process()) {  // a forked child has neither the thread nor the right to touch the sockets
    abandon(thread_);       // detach() would write to a stack that the child may have given away
    abandon(zmq_);
    return;
  }
  {
    const Lock lock(mutex_);
    quit_ = true;
  }
  wake_.set();
  thread_.join();
  std::vector<std::shared_ptr<Participant>> rest;
  {
    const Lock lock(mutex_);
    rest.swap(registry_);
  }
  for (const auto& participant : rest) participant->close();
  zmq_.close();  // waits for what lingers; every free callback of a message has run when it returns
  releases_->run_callbacks();
}

void Service::require_own_process() const {
  if (!in_own_process())
    throw Error(ErrorCode::InvalidArgument, "this Context belongs to the parent of this forked process; make a new one");
}

void Service::add(std::shared_ptr<Participant> participant) {
  {
    const Lock lock(mutex_);
    registry_.push_back(std::move(participant));
    ++registry_version_;
  }
  wake_.set();
}

void Service::remove(Participant& participant) noexcept {
  if (!in_own_process()) return;
  std::shared_ptr<Participant> keep;  // past close()
  {
    const Lock lock(mutex_);
    const auto at = std::find_if(registry_.begin(), registry_.end(), [&](const auto& p) { return p.get() == &participant; });
    if (at == registry_.end()) return;
    keep = std::move(*at);
    registry_.erase(at);
    const std::uint64_t version = ++registry_version_;
    wake_.set();
    if (std::this_thread::get_id() != thread_.get_id()) {
      while (adopted_version_ < version && !quit_) adopted_cv_.wait(mutex_);
    }
  }
  keep->close();
}

void Service::stop() noexcept {
  if (!in_own_process()) return;  // the descriptors are the parent's too
  if (stops_.fetch_add(1, std::memory_order_relaxed) > 0) hard_stop_.set();
  stop_.set();
}

void EventSink::emit(const Event& event) const noexcept {
  if (!callback_) return;
  try {
    callback_(event);
  } catch (...) {  // documented as must not throw; an event is not worth a process
  }
}

void Service::adopt_registry(std::vector<std::shared_ptr<Participant>>& active) {
  {
    const Lock lock(mutex_);
    if (adopted_version_ == registry_version_) return;
  }
  active.clear();  // outside the lock: this may drop the last reference to a participant
  const Lock lock(mutex_);
  active = registry_;
  adopted_version_ = registry_version_;
  adopted_cv_.notify_all();
}

void Service::run() noexcept {
  struct Entry {
    Participant* participant;
    std::size_t first, count;  // in polled
    SteadyTime due;
    SteadyTime rested;
  };
  std::vector<std::shared_ptr<Participant>> active;
  std::vector<Entry> entries;
  std::vector<pollfd> polled;
  std::uint64_t built_for = ~std::uint64_t{0};  // the version that `polled` is for; none yet
  for (;;) {
    adopt_registry(active);
    {
      const Lock lock(mutex_);
      if (quit_) break;
      if (adopted_version_ != built_for) {
        built_for = adopted_version_;
        entries.clear();
        polled = {{wake_.descriptor(), POLLIN, 0}, {releases_->descriptor(), POLLIN, 0}};
        for (const auto& p : active) {
          entries.push_back({p.get(), polled.size(), 0, SteadyTime::min(), SteadyTime::min()});
          for (const int fd : p->descriptors()) polled.push_back({fd, POLLIN, 0});
          entries.back().count = polled.size() - entries.back().first;
        }
      }
    }
    SteadyTime due = SteadyTime::max();
    for (Entry& e : entries) {
      due = std::min(due, e.due);
      const bool rested = e.rested <= steady_now();
      for (std::size_t i = 0; i < e.count; ++i) {
        const bool wanted = e.participant->wanted(i, rested);
        polled[e.first + i].events = wanted ? POLLIN : 0;
        if (!wanted && !rested && e.participant->wanted(i, true)) due = std::min(due, e.rested);
      }
    }
    int timeout_ms = -1;
    if (due != SteadyTime::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - std::min(due, steady_now()));
      timeout_ms = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
    }
    if (::poll(polled.data(), polled.size(), timeout_ms) < 0) continue;
    if (polled[0].revents != 0) wake_.clear();
    if (polled[1].revents != 0) releases_->run_callbacks();
    const SteadyTime now = steady_now();
    for (Entry& e : entries) {
      const auto fds = std::span(polled).subspan(e.first, e.count);
      std::uint64_t ready = 0;
      for (std::size_t i = 0; i < fds.size(); ++i) ready |= std::uint64_t{fds[i].revents != 0} << std::min<std::size_t>(i, 63);
      if (ready == 0 && now < e.due) continue;
      e.due = e.participant->serve(ready, now);
      e.rested = now + e.participant->rest();
    }
  }
}

}  // namespace arraywire::transport
