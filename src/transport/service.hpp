// What all publishers and subscribers of a Context share: the zmq context, the service thread, the stop signal, events.
#pragma once

#include "arraywire/context_options.hpp"
#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/mutex.hpp"
#include "memory/account_ids.hpp"
#include "memory/borrowed.hpp"
#include "memory/process.hpp"
#include "memory/waiting.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include <zmq.hpp>

namespace arraywire::transport {

// Leaves an object undestroyed. A forked child does so with what libzmq made in its parent: destroying a context there never
// ends, and sockets have locks that threads hold which the child has not got.
template <class Object> void abandon(Object& object) noexcept {
  alignas(Object) std::array<std::byte, sizeof(Object)> room;
  ::new (static_cast<void*>(room.data())) Object(std::move(object));
}

// A publisher or subscriber, as the service thread sees it.
class Participant {
 public:
  Participant() = default;
  virtual ~Participant() = default;
  Participant(const Participant&) = delete;
  Participant& operator=(const Participant&) = delete;

  // Descriptors that serve() is to be called for; the same for all its life.
  virtual std::vector<int> descriptors() const = 0;
  // On the service thread. `ready`: which of the descriptors are readable, the first in bit 0; those beyond 64 share the last
  // bit. Called at the latest at the time it returned last.
  virtual SteadyTime serve(std::uint64_t ready, SteadyTime now) = 0;
  // Whether serve() is to be called for this one of the descriptors now. `rested`: rest() has gone since the last serve(). For
  // those that the application's own thread reads as a rule: this one then does not wake for each message that that one handles.
  // Asked again when the service is woken.
  virtual bool wanted(std::size_t /*descriptor*/, bool /*rested*/) const { return true; }
  virtual std::chrono::nanoseconds rest() const { return {}; }  // asked after each serve(), on the same thread
  // Closes its sockets; nothing is called afterwards.
  virtual void close() noexcept = 0;
};

// When a critical section tells the application of events: as it ends, or later, with the next one that does.
enum class Tell : std::uint8_t { Now, Later };

// Where events go: the application's callback. Outlives the Service, because samples may.
class EventSink {
 public:
  explicit EventSink(std::function<void(const Event&)> callback) : callback_(std::move(callback)) {}
  void emit(const Event& event) const noexcept;  // never with a lock held

 private:
  std::function<void(const Event&)> callback_;
};

// Does what must happen while the application is busy: Hello, Alive, monitors, kept messages, the user's free callbacks.
// Lifetime: held by Context, Publisher and Subscriber; never by samples and loans.
class Service {
 public:
  explicit Service(ContextOptions options);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void add(std::shared_ptr<Participant> participant);
  // Returns when the service thread does not touch it any more, and closes it. May be called from the service thread.
  void remove(Participant& participant) noexcept;

  void wake() noexcept { wake_.set(); }  // asks again which descriptors are wanted

  // Async-signal-safe. The first call ends every wait but finish, for good; the second one finish too. In a forked child: those
  // of the child, which has none.
  void stop() noexcept;
  bool stopped() const noexcept { return stops_.load(std::memory_order_relaxed) > 0; }
  bool stopped_hard() const noexcept { return stops_.load(std::memory_order_relaxed) > 1; }
  int stop_descriptor() const noexcept { return stop_.descriptor(); }
  int hard_stop_descriptor() const noexcept { return hard_stop_.descriptor(); }

  zmq::context_t& zmq() noexcept { return zmq_; }
  const std::vector<std::filesystem::path>& runtime_directories() const noexcept { return runtime_directories_; }
  const memory::AccountIds& trusted() const noexcept { return trusted_; }
  const std::filesystem::path& given_runtime_directory() const noexcept { return options_.runtime_directory; }
  memory::ReleaseQueue& releases() noexcept { return *releases_; }
  Id host() const noexcept { return host_; }  // equal on processes that share CLOCK_MONOTONIC
  std::uint64_t next_number() noexcept { return numbers_.fetch_add(1, std::memory_order_relaxed); }
  const std::shared_ptr<const EventSink>& events() const noexcept { return events_; }
  bool in_own_process() const noexcept { return process_->is_own(); }  // false in a forked child
  void require_own_process() const;                                    // throws Error in a forked child
  const std::shared_ptr<const memory::ProcessMark>& process() const noexcept { return process_; }

 private:
  void run() noexcept;
  void adopt_registry(std::vector<std::shared_ptr<Participant>>& active) EXCLUDES(mutex_);

  const ContextOptions options_;
  const memory::AccountIds trusted_;
  const std::vector<std::filesystem::path> runtime_directories_;
  const std::shared_ptr<const EventSink> events_;
  const std::shared_ptr<const memory::ProcessMark> process_;
  const Id host_;
  const std::shared_ptr<memory::ReleaseQueue> releases_;
  memory::EventFd wake_{}, stop_{}, hard_stop_{};
  std::atomic<int> stops_{0};
  std::atomic<std::uint64_t> numbers_{0};
  zmq::context_t zmq_;

  Mutex mutex_{};
  std::condition_variable_any adopted_cv_{};
  std::vector<std::shared_ptr<Participant>> registry_ GUARDED_BY(mutex_){};
  std::uint64_t registry_version_ GUARDED_BY(mutex_) = 0;
  std::uint64_t adopted_version_ GUARDED_BY(mutex_) = 0;  // what the service thread works with
  bool quit_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace arraywire::transport
