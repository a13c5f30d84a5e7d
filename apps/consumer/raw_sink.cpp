// Payload bytes and nothing else, for programs that know the spec by themselves.
#include "cli/descriptor.hpp"
#include "consumer/sink.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace arraywire::consumer {
namespace {

using cli::Failure;

class RawSink final : public Sink {
 public:
  RawSink(const std::string& path, const cli::StopSignal& stop) : name_(path == "-" ? "stdout" : path), stop_(stop) {
    file_ = cli::Descriptor(path == "-" ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                                        : open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!file_) fail(errno);
    cli::enlarge_pipe(file_.get());
  }

  void consume(Sample& sample) override {
    check_specs(sample);
    for (std::size_t i = 0; i < sample.size(); ++i) write(c_order(sample.array(i), packed_));
  }
  void close() override {
    if (const int error = file_.close()) fail(error);
  }

 private:
  [[noreturn]] void fail(int error) const {
    if (error == EPIPE) throw Failure(fmt::format("{}: nobody reads it any more (closed pipe)", name_));
    throw Failure(fmt::format("{}: {}", name_, cli::errno_text(error)));
  }

  // Whoever reads the bytes could not tell where another shape begins.
  void check_specs(const Sample& sample) {
    std::vector<ArraySpec> specs;
    for (std::size_t i = 0; i < sample.size(); ++i)
      specs.push_back({.dtype = sample.array(i).dtype(), .shape = sample.array(i).shape()});
    if (specs_.empty()) specs_ = specs;
    if (specs == specs_) return;
    const auto text = [](const std::vector<ArraySpec>& all) {
      return all.size() == 1 ? to_string(all[0]) : fmt::format("{} arrays", all.size());
    };
    throw Failure(
        fmt::format("{}: the array spec changed from {} to {}; raw bytes cannot say so", name_, text(specs_), text(specs)));
  }

  // A whole message or none, even when a signal came: its reader has a little time to take the rest. Without a signal a slow
  // reader may be as slow as it likes.
  void write(std::span<const std::byte> bytes) {
    constexpr std::size_t kNeverBlocks = 4096;  // PIPE_BUF: a pipe that is ready has room for it
    constexpr int kPatienceMs = 2000;
    while (!bytes.empty()) {
      const bool hurry = stop_.requested();
      pollfd wanted{.fd = file_.get(), .events = POLLOUT, .revents = 0};
      const int ready = poll(&wanted, 1, hurry ? kPatienceMs : -1);
      if (ready == 0) throw Failure(fmt::format("{}: its reader did not take the rest of the last message", name_));
      if (ready < 0) continue;
      const ssize_t written =
          ::write(file_.get(), bytes.data(), stop_.requested() ? std::min(bytes.size(), kNeverBlocks) : bytes.size());
      if (written < 0 && errno != EINTR && errno != EAGAIN) fail(errno);
      if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  std::string name_;
  const cli::StopSignal& stop_;
  cli::Descriptor file_{};
  std::vector<ArraySpec> specs_{};
  std::vector<std::byte> packed_{};  // reused from message to message
};

}  // namespace

std::unique_ptr<Sink> open_raw_sink(const std::string& path, const cli::StopSignal& stop) {
  return std::make_unique<RawSink>(path, stop);
}

}  // namespace arraywire::consumer
