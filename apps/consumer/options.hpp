// The consumer's command line.
#pragma once

#include "arraywire/subscriber.hpp"
#include "cli/command_line.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace arraywire::consumer {

enum class SinkKind : std::uint8_t { Null, Read, Npy, Raw, Image, Preview };

struct Options {
  std::string source = "default";  // stream name or endpoint
  bool list = false;
  Accounts trust{};
  std::string name{};
  std::uint32_t queue = 4;
  std::uint32_t hold = 4;
  WhenFull when_full = WhenFull::Automatic;
  bool follow = false;
  LaneChoice lane = LaneChoice::Automatic;
  SinkKind sink = SinkKind::Read;
  std::string path{};  // of the sink; "-" is stdout
  bool verify = false;
  std::chrono::nanoseconds work{};
  std::uint64_t count = 0;
  std::chrono::nanoseconds timeout{};  // 0 = never
  std::string json{};
  std::string log_level{};
};

// A refusal does not end the run: another producer may come. Not of whoever insists on a lane.
inline bool may_be_refused(const Options& options) { return options.follow && options.lane != LaneChoice::SharedMemory; }

// nullopt: help or version was printed. Throws UsageError or Failure.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace arraywire::consumer
