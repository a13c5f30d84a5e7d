#include "cli/stop_signal.hpp"

#include "arraywire/context.hpp"
#include "cli/values.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace arraywire::cli {
namespace {

// A handler has no argument of its own: this is the one that lives now.
std::atomic<StopSignal*> g_current{nullptr};
static_assert(std::atomic<StopSignal*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

constexpr int kSignals[] = {SIGINT, SIGTERM};

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : kSignals) sigaddset(&set, number);
  return set;
}

void restore_default_actions() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigemptyset(&action.sa_mask);
  for (const int number : kSignals) sigaction(number, &action, nullptr);
}

}  // namespace

void StopSignal::handle(int) {
  const int saved = errno;
  if (StopSignal* self = g_current.load()) {
    // The second signal ends the last waits. Whoever sends a third one does not believe in an orderly end any more.
    if (self->signals_.fetch_add(1) > 0) restore_default_actions();
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(self->event_, &one, sizeof one);
    if (Context* context = self->context_.load()) context->stop();
  }
  errno = saved;
}

StopSignal::StopSignal() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_ < 0) throw Failure("no eventfd for signals: too many open files?");
  g_current.store(this);
  struct sigaction action {};
  action.sa_handler = &StopSignal::handle;
  action.sa_mask = stop_signals();
  // No SA_RESTART: a blocked read or write must come back to see that it should stop.
  for (const int number : kSignals) sigaction(number, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
}

// The handler stays: a signal in the last moment should not turn a run that has ended well into a killed one.
StopSignal::~StopSignal() {
  g_current.store(nullptr);
  close(event_);
}

void StopSignal::attach(Context& context) noexcept {
  const sigset_t ours = stop_signals();
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &ours, &before);
  context_.store(&context);
  if (requested()) context.stop();  // it came when there was no context yet
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

bool StopSignal::wait_until(std::chrono::steady_clock::time_point deadline) const noexcept {
  while (!requested()) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    const timespec timeout{.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    pollfd wanted{.fd = event_, .events = POLLIN, .revents = 0};
    ppoll(&wanted, 1, &timeout, nullptr);
  }
  return true;
}

}  // namespace arraywire::cli
