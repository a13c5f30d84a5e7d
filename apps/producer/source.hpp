// Where messages come from.
#pragma once

#include "arraywire/publisher.hpp"
#include "cli/stop_signal.hpp"
#include "producer/options.hpp"

#include <spdlog/logger.h>

#include <functional>
#include <memory>
#include <optional>
#include <variant>

namespace arraywire::producer {

// What to publish: a filled loan; memory of the source's own; or an array to be packed first, which the source keeps until the
// next call.
using Payload = std::variant<Loan, Borrowed, ConstArrayView>;

// What a source may ask for.
struct Slots {
  std::function<std::optional<Loan>(const ArraySpec&)> loan;  // waited for; nullopt when the program should stop
  std::function<bool()> wanted;                               // memory of the source's own would be copied into a loan
};

// Threads: one. Errors: Failure, naming the file.
class Source {
 public:
  virtual ~Source() = default;
  // The next message; nullopt at the end, and when the program should stop. May add to `metadata`; frame_id is the caller's.
  virtual std::optional<Payload> next(const Slots& slots, Metadata& metadata) = 0;
  // Back to the start. Throws Failure where there is none to go back to.
  virtual void rewind() = 0;
  // Why the source ended early (a partial last frame); empty = it did not.
  virtual std::string complaint() const { return {}; }
  virtual std::uint64_t skipped() const { return 0; }  // files that could not be read, and were passed over
};

// The files are opened and checked here. Lifetime: all three outlive the source.
std::unique_ptr<Source> open_source(const Options& options, const cli::StopSignal& stop, spdlog::logger& log);

std::unique_ptr<Source> open_npy_source(const std::string& pattern, bool split);
std::unique_ptr<Source> open_image_source(const Options& options, const cli::StopSignal& stop, spdlog::logger& log);
std::unique_ptr<Source> open_raw_source(const std::string& path, const ArraySpec& spec, const cli::StopSignal& stop);

}  // namespace arraywire::producer
