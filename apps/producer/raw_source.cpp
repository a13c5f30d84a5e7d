// Frames without any header: a file, a fifo or stdin, read straight into loans.
#include "cli/descriptor.hpp"
#include "producer/source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace arraywire::producer {
namespace {

using cli::Failure;

class RawSource final : public Source {
 public:
  RawSource(const std::string& path, const ArraySpec& spec, const cli::StopSignal& stop)
      : name_(path == "-" ? "stdin" : path), spec_(spec), stop_(stop) {
    file_ = cli::Descriptor(path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open_interruptibly(path));
    if (!file_ && stop_.requested()) return;  // next() then says so
    if (!file_) throw Failure(fmt::format("{}: {}", name_, cli::errno_text(errno)));
    struct stat status {};
    if (fstat(file_.get(), &status) == 0 && S_ISDIR(status.st_mode)) throw Failure(name_ + ": is a directory");
    cli::enlarge_pipe(file_.get());
    posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }

  std::optional<Payload> next(const Slots& slots, Metadata&) override {
    // Waiting for input first: a loan that waits with us would be missing to everybody else.
    if (!wait_for_input()) return std::nullopt;
    std::optional<Loan> loan = slots.loan(spec_);
    if (!loan) return std::nullopt;
    const std::span<std::byte> frame = loan->array().bytes();
    const std::size_t got = read_frame(frame);
    if (got == frame.size()) {
      ++frames_;
      return std::move(*loan);
    }
    if (got > 0 && !stop_.requested()) {
      complaint_ = fmt::format("{}: the last frame is partial ({} of {} bytes) and was not sent", name_, got, frame.size());
    }
    return std::nullopt;
  }

  void rewind() override {
    if (!complaint_.empty()) throw Failure(complaint_);
    if (frames_ == 0) throw Failure(name_ + ": there is no whole frame in it to loop over");
    if (lseek(file_.get(), 0, SEEK_SET) != 0)
      throw Failure(fmt::format("{}: cannot be read twice: {}", name_, cli::errno_text(errno)));
  }
  std::string complaint() const override { return complaint_; }

 private:
  // Opening a fifo waits for its writer. Only the stop signal may end that wait.
  int open_interruptibly(const std::string& path) const {
    int fd = -1;
    do fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR && !stop_.requested());
    return fd;
  }

  bool wait_for_input() const {
    while (!stop_.requested()) {
      pollfd wanted[] = {{.fd = file_.get(), .events = POLLIN, .revents = 0},
                         {.fd = stop_.descriptor(), .events = POLLIN, .revents = 0}};
      if (poll(wanted, 2, -1) > 0 && wanted[0].revents != 0) return !stop_.requested();
    }
    return false;
  }

  // Bytes read: fewer than asked for at the end of the input, or when stopped.
  std::size_t read_frame(std::span<std::byte> frame) {
    std::size_t done = 0;
    while (done < frame.size() && wait_for_input()) {
      const ssize_t got = read(file_.get(), frame.data() + done, frame.size() - done);
      if (got == 0) break;
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got < 0) throw Failure(fmt::format("{}: {}", name_, cli::errno_text(errno)));
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  std::string name_;
  ArraySpec spec_;
  const cli::StopSignal& stop_;
  cli::Descriptor file_{};
  std::uint64_t frames_ = 0;
  std::string complaint_{};
};

}  // namespace

std::unique_ptr<Source> open_raw_source(const std::string& path, const ArraySpec& spec, const cli::StopSignal& stop) {
  return std::make_unique<RawSource>(path, spec, stop);
}

}  // namespace arraywire::producer
