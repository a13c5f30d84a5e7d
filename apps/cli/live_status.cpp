#include "cli/live_status.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <utility>

namespace arraywire::cli {
namespace {

constexpr std::chrono::milliseconds kPeriod{250};

void put(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1u : 79u;
}

}  // namespace

LiveStatus::LiveStatus(std::function<std::string()> line) : line_(std::move(line)) {
  if (isatty(STDERR_FILENO) == 0) return;
  // The new thread inherits the mask: signals belong to main, whose blocked calls they must interrupt.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LiveStatus::~LiveStatus() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_one();
  thread_.join();
  put("\r\033[K");
}

void LiveStatus::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kPeriod, [this] { return done_; })) {
    const std::string text = line_();
    put("\r\033[K" + text.substr(0, terminal_width()));
  }
}

std::string RateMeter::text(unsigned long long messages, unsigned long long bytes) {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::max(1e-3, std::chrono::duration<double>(now - then_).count());
  const double rate = static_cast<double>(messages - messages_) / seconds;
  const double gigabytes = static_cast<double>(bytes - bytes_) / seconds / 1e9;
  then_ = now;
  messages_ = messages;
  bytes_ = bytes;
  return fmt::format("{} messages  {:.1f}/s  {:.2f} GB/s", messages, rate, gigabytes);
}

}  // namespace arraywire::cli
