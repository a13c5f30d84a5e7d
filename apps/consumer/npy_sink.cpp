// One .npy file per message, or per array where a message has several.
#include "cli/npy_header.hpp"
#include "cli/pending_file.hpp"
#include "consumer/sink.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace arraywire::consumer {
namespace {

using cli::Failure;

bool in_fortran_order(const ArraySpec& spec) {
  return !spec.stride_bytes.empty() && element_count(spec) > 0 &&
         spec.stride_bytes == cli::fortran_strides(spec.dtype, spec.shape);
}

void write_bytes(const cli::PendingFile& file, std::span<const std::byte> bytes) {
  if (const int error = write_fully(file.descriptor(), bytes)) file.fail(error);
}

class NpySink final : public Sink {
 public:
  explicit NpySink(const std::string& directory) : directory_(directory) {
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    if (error) throw Failure(fmt::format("{}: {}", directory, error.message()));
    if (access(directory_.c_str(), W_OK | X_OK) != 0) throw Failure(fmt::format("{}: {}", directory, cli::errno_text(errno)));
  }

  void consume(Sample& sample) override {
    for (std::size_t i = 0; i < sample.size(); ++i) {
      const std::string part = sample.size() == 1 ? std::string() : fmt::format("-{}", i);
      write(directory_ / fmt::format("message-{:06}{}.npy", messages_, part), sample.array(i));
    }
    ++messages_;
  }

 private:
  void write(const std::filesystem::path& path, const ConstArrayView& array) {
    cli::PendingFile file(path);
    const bool fortran = in_fortran_order(array.spec());
    const std::string header = cli::format_npy_header(array.dtype(), array.shape(), fortran);
    write_bytes(file, std::as_bytes(std::span(header)));
    write_bytes(file, fortran ? array.bytes() : c_order(array, packed_));
    file.complete();
  }

  std::filesystem::path directory_;
  std::uint64_t messages_ = 0;
  std::vector<std::byte> packed_{};  // reused from message to message
};

}  // namespace

std::unique_ptr<Sink> open_npy_sink(const std::string& directory) { return std::make_unique<NpySink>(directory); }

}  // namespace arraywire::consumer
