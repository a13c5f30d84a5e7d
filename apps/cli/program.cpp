#include "cli/program.hpp"

#include "arraywire/error.hpp"
#include "cli/descriptor.hpp"
#include "cli/values.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>

namespace arraywire::cli {

void complain(const std::string& program, const std::string& text) {
  std::string line = program + ": " + text;
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::fprintf(stderr, "%s%s\n", isatty(STDERR_FILENO) != 0 ? "\r\033[K" : "", line.c_str());
  std::fflush(stderr);
}

int run_program(const std::string& program, const std::function<int()>& body) {
  try {
    raise_descriptor_limit();
    return body();
  } catch (const UsageError& error) {
    complain(program, error.what());
    return kUsage;
  } catch (const Error& error) {
    complain(program, error.what());
    return error.code() == ErrorCode::InvalidArgument ? kUsage : kFailed;
  } catch (const std::exception& error) {
    complain(program, error.what());
    return kFailed;
  }
}

}  // namespace arraywire::cli
