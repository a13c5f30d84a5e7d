#include "run_directory.hpp"

#include <sys/stat.h>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace bench {

RunDirectory::RunDirectory() {
  std::string path = (std::filesystem::temp_directory_path() / "arraywire-bench-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "make directory " + path);
  path_ = path;
}

RunDirectory::~RunDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path RunDirectory::make_child() {
  std::filesystem::path child = path_ / std::to_string(++children_);
  if (::mkdir(child.c_str(), S_IRWXU) != 0) {
    throw std::system_error(errno, std::generic_category(), "make directory " + child.string());
  }
  return child;
}

}  // namespace bench
