// A file's bytes, without reading it as far as that is of use.
#pragma once

#include "cli/descriptor.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace arraywire::producer {

// The mapping is shared with the page cache: serving a file costs no private memory, however large it is.
// Lifetime: the bytes stay mapped until the last owner drops it; the file must not shrink meanwhile.
class MappedFile {
 public:
  static std::shared_ptr<const MappedFile> open(const std::string& path);  // throws Failure
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  // Reads `part` of the bytes from the file itself, in one pass and without touching the mapping. Throws Failure, also when the
  // file has shrunk.
  void read(std::span<const std::byte> part, std::span<std::byte> target) const;
  // Asks the kernel to read these bytes ahead. Returns at once.
  void will_need(std::span<const std::byte> part) const noexcept;

 private:
  MappedFile(std::string path, cli::Descriptor file, std::span<const std::byte> bytes)
      : path_(std::move(path)), file_(std::move(file)), bytes_(bytes) {}

  std::string path_;
  cli::Descriptor file_;
  std::span<const std::byte> bytes_;
};

}  // namespace arraywire::producer
