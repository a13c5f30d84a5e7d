// SIGINT and SIGTERM, as something that can be asked, waited for and passed on to a Context.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace arraywire {
class Context;
}

namespace arraywire::cli {

// Lifetime: one at a time, built by main before other threads exist. SIGPIPE is ignored from then on: a closed pipe is an
// error of write(). After two signals the default action is back, so that a third one kills.
// Concurrency: the handler counts in `signals_`, reads `context_` (both lock-free atomics), writes an eventfd and calls
// Context::stop: all async-signal-safe. It runs on main only, as every other thread blocks signals; so main may mask them.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  bool requested() const noexcept { return signals_.load() > 0; }
  int descriptor() const noexcept { return event_; }  // readable once requested, and for ever
  // True when stop was requested before `deadline`.
  bool wait_until(std::chrono::steady_clock::time_point deadline) const noexcept;

 private:
  friend class AttachedContext;
  static void handle(int);
  void attach(Context& context) noexcept;

  std::atomic<int> signals_{0};
  std::atomic<Context*> context_{nullptr};
  int event_ = -1;
};

// While it lives, every signal also calls context.stop(): the first ends its waits, the second its last ones, too.
class AttachedContext {
 public:
  AttachedContext(StopSignal& stop, Context& context) noexcept : stop_(stop) { stop_.attach(context); }
  ~AttachedContext() { stop_.context_.store(nullptr); }
  AttachedContext(const AttachedContext&) = delete;
  AttachedContext& operator=(const AttachedContext&) = delete;

 private:
  StopSignal& stop_;
};

}  // namespace arraywire::cli
