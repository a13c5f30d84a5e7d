// OpenImageIO as both programs use it: prepared once, quiet, and with its threads out of the way of signals.
#pragma once

#include "arraywire/dtype.hpp"

#include <OpenImageIO/typedesc.h>

#include <signal.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace arraywire::images {

// While it lives, this thread takes no signals, nor do the threads that it starts: OpenImageIO and OpenEXR start theirs whenever
// they first want them, and those would take the signals that are meant for main.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept;
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// Settings of the process: nothing is printed, no other plugin is tried on a damaged file, and an image whose header claims more
// pixel bytes than `limit_bytes` (0 = 32 GiB) is refused before any memory is had for it. Work is done by the calling thread
// alone, so that a process that may fork has no threads of OpenImageIO's.
void prepare_library(std::size_t limit_bytes = 0);
void use_all_processors();  // from now on, in a process that will not fork

std::optional<DType> dtype_of(const OIIO::TypeDesc& type) noexcept;  // nullopt: nothing that an array could hold
std::optional<OIIO::TypeDesc> type_of(DType dtype) noexcept;         // nullopt: no image file holds it
std::string listed(const std::vector<std::string>& names);           // the first 20, and how many more there are
std::string one_line(std::string text);  // without what a file may have put into a message: lines, control characters, no text

}  // namespace arraywire::images
