// The one table of benchmarks.
#pragma once

#include "measurement.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace bench {

class Peer;

struct Family {
  std::string_view name;
  // `directory` is the measurement's own, empty, and removed by the caller afterwards.
  std::unique_ptr<Measurement> (*make)(const Family&, const std::filesystem::path& directory);
  void (*producer)(Peer&) = nullptr;  // what the two peer processes do, for families of two processes of this program
  void (*consumer)(Peer&) = nullptr;
  bool one_thread = false;         // Google Benchmark's own clock is right for it
  std::size_t pass_bytes = 0;      // a run is whole passes over so many bytes; 0 = any number of frames
  std::uint64_t pass_frames = 0;   // or over so many frames; then Google Benchmark does three passes, however long they take
  bool small_frames = false;       // also measured with kSmallFrameBytes
  bool small_frames_only = false;  // its messages are of kSmallFrameBytes, whatever frames it is compared with
  std::size_t consumers = 1;       // processes
};

inline constexpr std::size_t kSmallFrameBytes = 96;
inline constexpr std::size_t kFrameBytes[] = {1048576, 8294400, 49766400, 199065600};

std::span<const Family> families() noexcept;
const Family* find_family(std::string_view name) noexcept;  // nullptr: no such benchmark

// At least `frames`, rounded up to whole passes.
std::uint64_t whole_passes(const Family& family, std::size_t frame_bytes, std::uint64_t frames) noexcept;

}  // namespace bench
