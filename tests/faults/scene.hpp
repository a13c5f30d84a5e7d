// What every test here stands on: a runtime directory of its own, waiting for conditions, and what was reported meanwhile.
#pragma once

#include "arraywire/context.hpp"
#include "arraywire/publisher.hpp"
#include "arraywire/subscriber.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace faults {

inline constexpr std::size_t kFrameBytes = 49'766'400;  // 3840 x 2160 x 3 of 16 bits
inline constexpr std::chrono::seconds kWatchdog{90};    // how long a test waits for what must come; never what it asserts

// Created empty, removed with everything in it.
class RuntimeDirectory {
 public:
  RuntimeDirectory();
  ~RuntimeDirectory();
  RuntimeDirectory(const RuntimeDirectory&) = delete;
  RuntimeDirectory& operator=(const RuntimeDirectory&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }
  std::vector<std::string> sockets() const;  // what is there beside folders and locks
  std::vector<std::string> entries() const;  // everything, relative to it, in order

 private:
  std::filesystem::path path_;
};

// True as soon as the condition is; false when the watchdog ended the waiting.
template <class Condition> bool eventually(Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + kWatchdog;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return true;
}

// Threads: any. Must outlive the Context that reports to it.
class EventLog {
 public:
  std::size_t count(arraywire::EventKind kind) const;
  std::string text() const;
  arraywire::ContextOptions options(const RuntimeDirectory& directory, int io_threads = 1);

 private:
  mutable std::mutex mutex_{};
  std::vector<arraywire::Event> events_{};
};

inline arraywire::ArraySpec bytes_spec(std::size_t bytes) {
  return {.dtype = arraywire::DType::UInt8, .shape = {static_cast<std::int64_t>(bytes)}};
}

// Publishes a patterned frame of `bytes` bytes with this frame_id, waiting for a slot under the watchdog.
arraywire::Published publish_frame(arraywire::Publisher& publisher, std::size_t bytes, std::uint64_t frame_id);
// Every byte is that of the frame that the sample's frame_id names.
bool intact(const arraywire::Sample& sample);

// How long a long run lasts: ARRAYWIRE_LONG_RUN_SECONDS, else `otherwise`.
std::chrono::seconds long_run(std::chrono::seconds otherwise);
std::size_t resident_bytes(int pid);  // of a process, now
std::size_t private_bytes(
    int pid);  // of its own, without memory shared through files of no folder, as slots are: Pss less Pss_Shmem
// What a process has now, of what may leak.
std::size_t open_descriptors(int pid);
std::size_t threads(int pid);
std::size_t slot_mappings(int pid);
std::vector<std::string> shared_memory_files();  // in /dev/shm

// How often something is done that needs many times to be sure: `often`, in a long run `very_often`.
inline int times(int often, int very_often) { return long_run({}) > std::chrono::seconds{0} ? very_often : often; }

// The lanes' ways to a publisher: by name, through slots or inline over ipc, or by its tcp endpoint.
enum class Way : std::uint8_t { SharedMemory, Ipc, Tcp };
inline auto every_way() { return testing::Values(Way::SharedMemory, Way::Ipc, Way::Tcp); }
inline std::string way_name(Way way) { return way == Way::SharedMemory ? "SharedMemory" : way == Way::Ipc ? "Ipc" : "Tcp"; }
struct WayName {  // of a test's parameter
  template <class Info> std::string operator()(const Info& of) const { return way_name(of.param); }
};
arraywire::PublisherOptions options_over(Way way, arraywire::PublisherOptions options);
std::string source_of(Way way, const arraywire::Publisher& publisher);
inline arraywire::Lane lane_of(Way way) {
  return way == Way::SharedMemory ? arraywire::Lane::SharedMemory : arraywire::Lane::Inline;
}

}  // namespace faults
