// Where --json goes. Opened at the start: a path that cannot be written is no news to get after an hour.
#pragma once

#include "cli/descriptor.hpp"

#include <string>

namespace arraywire::cli {

class SummaryFile {
 public:
  SummaryFile() = default;                        // nowhere
  explicit SummaryFile(const std::string& path);  // "-" is stdout; throws Failure
  explicit operator bool() const noexcept { return !path_.empty(); }
  void write(const std::string& json);  // one line; throws Failure

 private:
  std::string path_{};
  Descriptor file_{};
};

}  // namespace arraywire::cli
