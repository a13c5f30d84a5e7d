// What every main does: run, and turn what went wrong into one line on stderr and an exit status.
#pragma once

#include <functional>
#include <string>

namespace arraywire::cli {

// Exit statuses.
inline constexpr int kDone = 0, kFailed = 1, kUsage = 2, kNothingCame = 3, kCorrupt = 4;

// One line "PROGRAM: TEXT" on stderr, whatever the log level.
void complain(const std::string& program, const std::string& text);

// Calls `body` and returns its status. UsageError and Error{InvalidArgument} give kUsage, any other exception kFailed.
int run_program(const std::string& program, const std::function<int()>& body);

}  // namespace arraywire::cli
