// SIGINT and SIGTERM, as something that can be asked, waited for and passed on to a Context.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace arraywire {
class Context;
}

namespace arraywire::cli {

// Lifetime: one at a time, built by main before other threads exist; the destructor restores what was there before.
// While it lives, SIGPIPE is ignored: a closed pipe is an error of write().
// Concurrency: the handler reads `context_` and `stop_at_` and counts in `signals_`, all lock-free atomics, and writes an
// eventfd; everything that it calls is async-signal-safe. attach() stores the context and then looks at the count, the handler
// counts and then looks at the context (sequentially consistent): one of them sees the other.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  bool requested() const noexcept { return signals_.load() > 0; }
  bool insisted() const noexcept { return signals_.load() > 1; }
  int descriptor() const noexcept { return event_; }  // readable once requested, and for ever

  // The nth signal (or one that came already) calls context.stop(). With a grace time, the first signal also arms an alarm that
  // counts as the second one. Detach before the context dies.
  void attach(Context& context, int nth, std::chrono::seconds grace = {}) noexcept;
  void detach() noexcept { context_.store(nullptr); }

  // True when stop was requested before `deadline`.
  bool wait_until(std::chrono::steady_clock::time_point deadline) const noexcept;

 private:
  static void handle(int);

  std::atomic<int> signals_{0};
  std::atomic<int> stop_at_{1};
  std::atomic<unsigned> grace_seconds_{0};
  std::atomic<Context*> context_{nullptr};
  int event_ = -1;
};

// Detaches when the scope ends, however it ends.
class AttachedContext {
 public:
  AttachedContext(StopSignal& stop, Context& context, int nth, std::chrono::seconds grace = {}) noexcept : stop_(stop) {
    stop_.attach(context, nth, grace);
  }
  ~AttachedContext() { stop_.detach(); }
  AttachedContext(const AttachedContext&) = delete;
  AttachedContext& operator=(const AttachedContext&) = delete;

 private:
  StopSignal& stop_;
};

}  // namespace arraywire::cli
