// The producer's command line.
#pragma once

#include "arraywire/publisher.hpp"
#include "cli/command_line.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace arraywire::producer {

enum class SourceKind : std::uint8_t { Pattern, Npy, Raw, Image };

enum class OnError : std::uint8_t { Stop, Skip };

struct Options {
  std::string stream = "default";
  std::vector<std::string> listen{};
  bool insecure = false;
  Accounts allow{};
  SourceKind source = SourceKind::Pattern;
  std::string path{};                                                // of the source; "-" is stdin
  ArraySpec spec{.dtype = DType::UInt16, .shape = {2160, 3840, 3}};  // Pattern, Raw
  bool split = false;
  bool loop = false;
  OnError on_error = OnError::Stop;  // Image
  bool same_shape = false;           // Image: files of another shape or dtype than the first are errors
  double rate_hz = 0;
  std::chrono::nanoseconds block_limit{};
  std::uint64_t count = 0;
  std::uint64_t wait_for = 0;
  std::chrono::nanoseconds linger = std::chrono::seconds{10};
  std::uint32_t history = 0;
  Delivery delivery = Delivery::FanOut;
  std::size_t max_memory_bytes = 0;
  LaneChoice lane = LaneChoice::Automatic;
  bool checksum = false;
  std::string json{};
  std::string log_level{};
};

// nullopt: help or version was printed. Throws UsageError or Failure.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace arraywire::producer
