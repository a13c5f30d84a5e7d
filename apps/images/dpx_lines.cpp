#include "images/dpx_lines.hpp"

#include "cli/descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstddef>

namespace arraywire::images {
namespace {

constexpr std::size_t kHeaderSize = 2048;
// Where the header has them.
constexpr std::size_t kDataOffset = 4, kElements = 770, kLinePadding = 812;
constexpr std::uint32_t kUndefined = ~0U;

class Header {
 public:
  explicit Header(int descriptor) {
    valid_ = pread(descriptor, bytes_.data(), bytes_.size(), 0) > std::ptrdiff_t{kLinePadding + 4};
  }
  bool valid() const noexcept { return valid_; }
  std::uint32_t number(std::size_t at, std::size_t size) const {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8U | bytes_[at + (bytes_[0] == 'S' ? i : size - 1 - i)];  // SDPX
    return value;
  }

 private:
  std::array<std::uint8_t, kHeaderSize> bytes_{};
  bool valid_ = false;
};

}  // namespace

bool has_unsaid_padding(const std::string& path, const DpxLines& image) {
  const cli::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  const Header header(file.get());
  if (!header.valid() || fstat(file.get(), &status) != 0) return false;
  const std::uint32_t said = header.number(kLinePadding, 4);
  if ((said != 0 && said != kUndefined) || header.number(kElements, 2) != 1) return false;
  const std::int64_t line = image.samples * (image.bits == 8 ? 1 : 2), padded_line = (line + 3) / 4 * 4;
  if ((image.bits != 8 && image.bits != 16) || line == padded_line) return false;
  const std::int64_t data = status.st_size - header.number(kDataOffset, 4);
  return data != line * image.lines && data >= padded_line * image.lines;
}

}  // namespace arraywire::images
