// A file that gets its name when it is complete.
#pragma once

#include "cli/descriptor.hpp"

#include <filesystem>
#include <string>

namespace arraywire::cli {

// Whatever goes wrong before complete(), the unfinished file is removed. Errors: Failure, naming the target.
class PendingFile {
 public:
  explicit PendingFile(const std::filesystem::path& target);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  int descriptor() const noexcept { return file_.get(); }
  const std::filesystem::path& path() const noexcept { return pending_; }  // where it is until then
  void complete();
  [[noreturn]] void fail(int error) const;

 private:
  std::filesystem::path target_, pending_;
  Descriptor file_{};
  bool complete_ = false;
};

}  // namespace arraywire::cli
