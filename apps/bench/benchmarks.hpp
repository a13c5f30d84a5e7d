// The one table of benchmarks.
#pragma once

#include "measurement.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

inline constexpr std::size_t kSmallFrameBytes = 96;
inline constexpr std::size_t kFrameBytes[] = {65536, 1048576, 8294400, 49766400, 199065600};

struct Benchmark {
  std::string name{};
  // `directory` is the measurement's own, empty, and removed by the caller afterwards.
  std::function<std::unique_ptr<Measurement>(const std::filesystem::path& directory)> make{};
  bool one_thread = false;         // Google Benchmark's own clock is right for it
  std::size_t pass_bytes = 0;      // a run is whole passes over so many bytes; 0 = any number of frames
  std::uint64_t pass_frames = 0;   // or over so many frames; then Google Benchmark does three passes, however long they take
  bool small_frames = false;       // also measured with kSmallFrameBytes
  bool small_frames_only = false;  // its messages are of kSmallFrameBytes, whatever frames it is compared with
};

using Benchmarks = std::vector<Benchmark>;

// Every workload of every transport, those that are not built among them, and the others.
Benchmarks all_benchmarks();
const Benchmark* find_benchmark(const Benchmarks& benchmarks, std::string_view name) noexcept;  // nullptr: there is none

// Of which a half and a third are measured (measurement.hpp).
inline constexpr std::uint64_t kFewestFrames = 2 * kUnsteadyFrames;
inline constexpr std::uint64_t kFewestSlowFrames = kUnsteadyFrames + kBuffers;  // of those that take very long

// At least `frames` and `fewest`; rounded up to whole passes.
std::uint64_t whole_passes(const Benchmark& benchmark, std::size_t frame_bytes, std::uint64_t frames,
                           std::uint64_t fewest = kFewestFrames) noexcept;

}  // namespace bench
