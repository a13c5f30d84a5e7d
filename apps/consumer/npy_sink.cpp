// One .npy file per message, or per array where a message has several.
#include "cli/descriptor.hpp"
#include "cli/npy_header.hpp"
#include "consumer/sink.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace arraywire::consumer {
namespace {

using cli::Failure;

bool in_fortran_order(const ArraySpec& spec) {
  return !spec.stride_bytes.empty() && element_count(spec) > 0 &&
         spec.stride_bytes == cli::fortran_strides(spec.dtype, spec.shape);
}

// A file gets its name when it is complete. Whatever goes wrong before, the unfinished one is removed.
class PendingFile {
 public:
  explicit PendingFile(const std::filesystem::path& target)
      : target_(target), pending_(target.parent_path() / fmt::format(".{}.{}.part", target.filename().string(), getpid())) {
    file_ = cli::Descriptor(open(pending_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!file_) fail(errno);
  }
  ~PendingFile() {
    if (!complete_) unlink(pending_.c_str());
  }
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  void write(std::span<const std::byte> bytes) {
    if (const int error = write_fully(file_.get(), bytes)) fail(error);
  }
  void complete() {
    if (const int error = file_.close()) fail(error);
    if (std::rename(pending_.c_str(), target_.c_str()) != 0) fail(errno);
    complete_ = true;
  }

 private:
  [[noreturn]] void fail(int error) const {
    // From the constructor the destructor will not run.
    unlink(pending_.c_str());
    throw Failure(fmt::format("{}: {}", target_.string(), cli::errno_text(error)));
  }

  std::filesystem::path target_, pending_;
  cli::Descriptor file_{};
  bool complete_ = false;
};

class NpySink final : public Sink {
 public:
  explicit NpySink(const std::string& directory) : directory_(directory) {
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    if (error) throw Failure(fmt::format("{}: {}", directory, error.message()));
    if (access(directory_.c_str(), W_OK | X_OK) != 0) throw Failure(fmt::format("{}: {}", directory, cli::errno_text(errno)));
  }

  void consume(const Sample& sample) override {
    for (std::size_t i = 0; i < sample.size(); ++i) {
      const std::string part = sample.size() == 1 ? std::string() : fmt::format("-{}", i);
      write(directory_ / fmt::format("message-{:06}{}.npy", messages_, part), sample.array(i));
    }
    ++messages_;
  }

 private:
  void write(const std::filesystem::path& path, const ConstArrayView& array) {
    PendingFile file(path);
    const bool fortran = in_fortran_order(array.spec());
    const std::string header = cli::format_npy_header(array.dtype(), array.shape(), fortran);
    file.write(std::as_bytes(std::span(header)));
    file.write(fortran ? array.bytes() : c_order(array, packed_));
    file.complete();
  }

  std::filesystem::path directory_;
  std::uint64_t messages_ = 0;
  std::vector<std::byte> packed_{};  // reused from message to message
};

}  // namespace

std::unique_ptr<Sink> open_npy_sink(const std::string& directory) { return std::make_unique<NpySink>(directory); }

}  // namespace arraywire::consumer
