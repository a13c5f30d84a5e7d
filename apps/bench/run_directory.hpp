// The program's private directory: sockets, stream folders and the big file of one run, removed at its end; what a killed
// program has left, by the next one.
#pragma once

#include "memory/descriptor.hpp"

#include <filesystem>

namespace bench {

class RunDirectory {
 public:
  RunDirectory();  // in $TMPDIR or /tmp, mode 0700
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  // A new one inside for each measurement, so that two of the same kind do not meet.
  std::filesystem::path make_child();

 private:
  std::filesystem::path path_;
  arraywire::memory::Descriptor locked_{};
  int children_ = 0;
};

}  // namespace bench
