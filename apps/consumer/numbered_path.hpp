// Paths with a number in them, as printf would write them: "out_%06d.exr".
#pragma once

#include <cstdint>
#include <string>

namespace arraywire::consumer {

class NumberedPath {
 public:
  // One %d or %0Nd, N up to 20, and any number of %%. Throws UsageError for everything else.
  explicit NumberedPath(const std::string& pattern);
  // `suffix` goes before the extension.
  std::string path(std::uint64_t number, const std::string& suffix = {}) const;
  std::string extension() const;  // ".exr"

 private:
  std::string before_, after_;  // of the number
  std::size_t digits_ = 1;
};

}  // namespace arraywire::consumer
