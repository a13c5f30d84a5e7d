// Set-up errors. The hot path never throws; it returns Result (result.hpp).
#pragma once

#include "arraywire/export.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace arraywire {

enum class ErrorCode : std::uint8_t {
  InvalidArgument,  // the caller's mistake: a bad name, shape, endpoint or option
  InUse,            // somebody else holds it: the stream name, the port
  NotPermitted,     // the system refused: permissions, ownership
  NoMemory,         // a limit of memory or of the pool, seen before it was hit
  NotFound,         // a file, stream or folder that is not there
  System,           // any other failure of the operating system
};

// Thrown by constructors and set-up calls. what() says what was attempted, on which name, and why it failed.
class ARRAYWIRE_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& what) : std::runtime_error(what), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace arraywire
