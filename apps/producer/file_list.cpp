#include "producer/file_list.hpp"

#include "cli/descriptor.hpp"
#include "cli/values.hpp"

#include <fmt/format.h>
#include <glob.h>

#include <cerrno>
#include <filesystem>
#include <sstream>

namespace arraywire::producer {

std::vector<std::string> expand(const std::string& pattern) {
  std::error_code unknown;
  if (pattern.find_first_of("*?[") == std::string::npos || std::filesystem::exists(pattern, unknown)) return {pattern};
  glob_t found{};
  errno = 0;
  const int status = glob(pattern.c_str(), GLOB_ERR, nullptr, &found);
  std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + (status == 0 ? found.gl_pathc : 0));
  const int error = errno;
  globfree(&found);
  if (status == GLOB_ABORTED) throw cli::Failure(fmt::format("'{}': {}", pattern, cli::errno_text(error)));
  if (paths.empty()) throw cli::Failure(fmt::format("no file matches '{}'", pattern));
  return paths;
}

std::vector<std::string> expand_list(const std::string& patterns) {
  std::error_code unknown;
  if (std::filesystem::exists(patterns, unknown)) return {patterns};
  std::vector<std::string> paths;
  std::istringstream parts(patterns);
  for (std::string part; std::getline(parts, part, ',');) {
    if (part.empty()) continue;
    const std::vector<std::string> more = expand(part);
    paths.insert(paths.end(), more.begin(), more.end());
  }
  if (paths.empty()) throw cli::Failure(fmt::format("'{}' names no file", patterns));
  return paths;
}

}  // namespace arraywire::producer
