// A picture of the newest message, drawn by a thread of its own so that messages are taken as fast as they come.
#include "cli/descriptor.hpp"
#include "cli/values.hpp"
#include "consumer/sink.hpp"
#include "images/library.hpp"
#include "images/preview.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace arraywire::consumer {
namespace {

using Clock = std::chrono::steady_clock;

void draw(const std::filesystem::path& target, const Sample& sample) {
  static const ArrayInfo nothing_said;
  const auto& arrays = sample.info().arrays;
  images::write_png(target, images::render_preview(sample.array(0), arrays.empty() ? nothing_said : arrays[0]));
}

// Concurrency: `mutex_` guards what both threads use: the newest sample, whether more will come, and what went wrong. The sample
// that is drawn belongs to the drawing thread alone; nothing is drawn, released or waited for under the mutex but by `change_`.
class PreviewSink final : public Sink {
 public:
  explicit PreviewSink(const std::string& path) : target_(path) {
    const std::filesystem::path folder = target_.has_parent_path() ? target_.parent_path() : ".";
    if (access(folder.c_str(), W_OK | X_OK) != 0) throw cli::Failure(fmt::format("{}: {}", path, cli::errno_text(errno)));
    images::prepare_library();
    const images::SignalsBlocked blocked;  // the thread inherits it
    thread_ = std::thread([this] { run(); });
  }
  ~PreviewSink() override {
    // Unless close() was called, something went wrong elsewhere, and a last picture is not wanted.
    std::optional<Sample> unwanted;
    {
      const std::lock_guard lock(mutex_);
      unwanted.swap(newest_);
    }
    stop();
  }
  PreviewSink(const PreviewSink&) = delete;
  PreviewSink& operator=(const PreviewSink&) = delete;

  void consume(Sample& sample) override {
    std::optional<Sample> newest(std::move(sample));
    {
      const std::lock_guard lock(mutex_);
      if (problem_) std::rethrow_exception(std::exchange(problem_, nullptr));
      newest_.swap(newest);
    }
    change_.notify_one();
  }  // the one that nobody looked at is released here

  void close() override {
    stop();
    if (problem_) std::rethrow_exception(std::exchange(problem_, nullptr));
  }

 private:
  static constexpr std::chrono::milliseconds kInterval{250};

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    change_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  void run() {
    try {
      while (const auto sample = next()) draw(target_, *sample);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      problem_ = std::current_exception();
    }
  }

  // The newest sample, no sooner than an interval after the one before; at the end the last one. Nullopt: there is none.
  std::optional<Sample> next() {
    std::unique_lock lock(mutex_);
    change_.wait_until(lock, earliest_, [this] { return ending_; });
    change_.wait(lock, [this] { return ending_ || newest_; });
    earliest_ = Clock::now() + kInterval;
    return std::exchange(newest_, std::nullopt);
  }

  std::filesystem::path target_;
  std::mutex mutex_{};
  std::condition_variable change_{};
  std::optional<Sample> newest_{};
  bool ending_ = false;
  std::exception_ptr problem_{};
  Clock::time_point earliest_{};  // of the drawing thread
  std::thread thread_{};
};

}  // namespace

std::unique_ptr<Sink> open_preview_sink(const std::string& path) { return std::make_unique<PreviewSink>(path); }

}  // namespace arraywire::consumer
