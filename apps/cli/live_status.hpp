// One line on a terminal, rewritten a few times per second. Nothing at all on a pipe.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace arraywire::cli {

// Threads: `line` is called on a thread of its own, until the destructor returns.
class LiveStatus {
 public:
  explicit LiveStatus(std::function<std::string()> line);
  ~LiveStatus();
  LiveStatus(const LiveStatus&) = delete;
  LiveStatus& operator=(const LiveStatus&) = delete;

 private:
  void run();

  std::function<std::string()> line_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;  // guarded by mutex_
  std::thread thread_;
};

// "2.99 GB/s at 60.0/s" since the last call.
class RateMeter {
 public:
  std::string text(unsigned long long messages, unsigned long long bytes);

 private:
  std::chrono::steady_clock::time_point then_ = std::chrono::steady_clock::now();
  unsigned long long messages_ = 0, bytes_ = 0;
};

}  // namespace arraywire::cli
