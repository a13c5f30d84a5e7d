// What the API's tests share: a private runtime directory, and both ends of a stream over each transport.
#pragma once

#include "arraywire/arraywire.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace arraywire::testing {

using namespace std::chrono_literals;

// For waits that must succeed: far beyond what they need, so that only a hang reaches it.
inline constexpr std::chrono::seconds kWatchdog{60};

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

// Every event of a context, for tests that wait for one.
class EventLog {
 public:
  void add(const Event& event);
  std::size_t count(EventKind kind) const;
  std::string detail(EventKind kind) const;  // of the newest one

 private:
  mutable std::mutex mutex_;
  std::vector<Event> events_;
};

enum class Transport : std::uint8_t { SharedMemory, Ipc, Tcp };
std::string name(Transport transport);

// Waits until the condition holds; false after the watchdog.
template <class Condition> bool eventually(Condition condition, std::chrono::nanoseconds limit = kWatchdog) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

class StreamPair : public ::testing::Test {
 public:
  PublisherOptions publisher_options() const;            // listens where transport() says
  std::string source(const Publisher& publisher) const;  // how a subscriber reaches it over transport()
  virtual Transport transport() const { return Transport::Ipc; }

  TemporaryDirectory directory{};
  EventLog events{};
  Context context{{.runtime_directory = directory.path(), .on_event = [this](const Event& e) { events.add(e); }}};
};

inline ArraySpec bytes_spec(std::int64_t bytes) { return {.dtype = DType::UInt8, .shape = {bytes}}; }
// Publishes a message of `bytes` bytes whose first eight are `value`.
Result<Published, PublishError> publish_value(Publisher& publisher, std::uint64_t value, std::int64_t bytes = 64,
                                              const Metadata& metadata = {});
std::uint64_t value_of(const Sample& sample);

}  // namespace arraywire::testing
