// Where messages go.
#pragma once

#include "arraywire/sample.hpp"
#include "cli/stop_signal.hpp"
#include "consumer/options.hpp"

#include <spdlog/logger.h>

#include <memory>
#include <string>
#include <vector>

namespace arraywire::consumer {

// Threads: one. Errors: Failure, naming the file.
class Sink {
 public:
  virtual ~Sink() = default;
  // May move the sample out and keep it; else the caller releases it.
  virtual void consume(Sample& sample) = 0;
  // After the last message: what was written late and failed is reported here.
  virtual void close() {}
};

// Directories and files are created here. Lifetime: all three outlive the sink.
std::unique_ptr<Sink> open_sink(const Options& options, const cli::StopSignal& stop, spdlog::logger& log);

std::unique_ptr<Sink> open_image_sink(const std::string& pattern, spdlog::logger& log);
std::unique_ptr<Sink> open_npy_sink(const std::string& directory);
std::unique_ptr<Sink> open_preview_sink(const std::string& path);
std::unique_ptr<Sink> open_raw_sink(const std::string& path, const cli::StopSignal& stop);

// Writes everything, or returns the errno of what went wrong.
int write_fully(int fd, std::span<const std::byte> bytes) noexcept;

// The array's elements in C order: its own bytes, or packed into `storage`.
std::span<const std::byte> c_order(const ConstArrayView& array, std::vector<std::byte>& storage);

}  // namespace arraywire::consumer
