// A file's bytes without reading it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

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
  // Asks the kernel to read these bytes ahead. Returns at once.
  void will_need(std::span<const std::byte> part) const noexcept;

 private:
  explicit MappedFile(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  std::span<const std::byte> bytes_;
};

}  // namespace arraywire::producer
