#include "images/encoder.hpp"

#include "cli/values.hpp"
#include "images/colour.hpp"
#include "images/library.hpp"
#include "images/png_colour.hpp"

#include <OpenImageIO/filesystem.h>

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

namespace arraywire::images {
namespace {

using cli::Failure;

// The PNG writer does not look at what its writes return: this remembers.
class DescriptorProxy final : public OIIO::Filesystem::IOProxy {
 public:
  // `inserted` goes after a PNG's first chunk: OpenImageIO puts nothing there itself.
  DescriptorProxy(int fd, const std::string& name, std::vector<std::byte> inserted)
      : IOProxy(name, Write), fd_(fd), inserted_(std::move(inserted)) {}

  int error_number() const noexcept { return error_; }
  const char* proxytype() const override { return "descriptor"; }
  size_t read(void* bytes, size_t count) override {
    const size_t done = pread(bytes, count, m_pos);
    m_pos += static_cast<std::int64_t>(done);
    return done;
  }
  size_t write(const void* bytes, size_t count) override {
    if (m_pos == std::int64_t{kPngFirstChunkEnd})
      m_pos += static_cast<std::int64_t>(pwrite(inserted_.data(), inserted_.size(), m_pos));
    const size_t done = pwrite(bytes, count, m_pos);
    m_pos += static_cast<std::int64_t>(done);
    return done;
  }
  size_t pread(void* bytes, size_t count, std::int64_t offset) override {
    return transfer(count, [&](size_t done) {
      return ::pread(fd_, static_cast<char*>(bytes) + done, count - done, offset + static_cast<std::int64_t>(done));
    });
  }
  size_t pwrite(const void* bytes, size_t count, std::int64_t offset) override {
    return transfer(count, [&](size_t done) {
      return ::pwrite(fd_, static_cast<const char*>(bytes) + done, count - done, offset + static_cast<std::int64_t>(done));
    });
  }
  size_t size() const override {
    struct stat status {};
    return fstat(fd_, &status) == 0 ? static_cast<size_t>(status.st_size) : 0;
  }

 private:
  template <class Call> size_t transfer(size_t count, const Call& call) {
    size_t done = 0;
    while (done < count) {
      const ssize_t got = call(done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) error_ = errno;
      if (got <= 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

  int fd_;
  std::vector<std::byte> inserted_;
  int error_ = 0;
};

// What PNG has a chunk for needs no attribute. H.273's matrices other than 0 are not allowed in it.
std::vector<std::byte> take_chunk(OIIO::ImageSpec& from) {
  const auto colour = said_by_cicp(from);
  if (!colour || colour->matrix != 0) return {};
  from.erase_attribute("CICP");
  return cicp_chunk(*colour);
}

// What a write is answered with now: most formats' writers do not say what went wrong with theirs.
int write_error(int fd) {
  const std::array<char, std::size_t{64} << 10U> zeros{};
  for (std::size_t left = zeros.size(); left > 0;) {
    const ssize_t got = pwrite(fd, zeros.data(), left, lseek(fd, 0, SEEK_END));
    if (got < 0 && errno != EINTR) return errno;
    if (got > 0) left -= static_cast<std::size_t>(got);
  }
  return 0;
}

// The file is of no use any more.
[[noreturn]] void fail(const cli::PendingFile& file, const OIIO::ImageOutput& output) {
  const std::string why = one_line(output.geterror());
  if (const int error = write_error(file.descriptor())) file.fail(error);
  throw Failure(why);
}

}  // namespace

bool encode(const cli::PendingFile& file, const std::string& format, const OIIO::ImageSpec& spec, const Pixels& pixels) {
  OIIO::ImageSpec wanted = spec;
  auto chunk = format == "png" ? take_chunk(wanted) : std::vector<std::byte>();
  // Before the output, whose destructor may still use it.
  DescriptorProxy proxy(file.descriptor(), file.path().string(), std::move(chunk));
  const auto output = OIIO::ImageOutput::create(format);
  if (!output) throw Failure("OpenImageIO was built without this format: " + one_line(OIIO::geterror()));
  if (!output->supports("tiles")) wanted.tile_width = wanted.tile_height = wanted.tile_depth = 0;
  if (!output->supports("channelformats")) wanted.channelformats.clear();
  if (ftruncate(file.descriptor(), 0) != 0) file.fail(errno);
  if (format == "png")
    output->set_ioproxy(&proxy);  // the others say what went wrong; TIFF's fails through a proxy if there are Exif data
  if (!output->open(file.path().string(), wanted)) fail(file, *output);
  if (output->spec().format != wanted.format) {
    output->close();
    return false;
  }
  const bool written = output->write_image(wanted.format, pixels.data, pixels.pixel_stride, pixels.row_stride);
  const bool closed = output->close();
  if (proxy.error_number() != 0) file.fail(proxy.error_number());
  if (!written || !closed) fail(file, *output);
  return true;
}

}  // namespace arraywire::images
