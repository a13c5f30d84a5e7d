#include "consumer/sink.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace arraywire::consumer {
namespace {

class NullSink final : public Sink {
 public:
  void consume(Sample&) override {}
};

// Eight sums side by side, so that it runs as fast as memory gives the bytes.
std::uint64_t sum_of(std::span<const std::byte> bytes) noexcept {
  constexpr std::size_t kLanes = 8;
  std::array<std::uint64_t, kLanes> sums{};
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= sizeof sums; left -= sizeof sums, at += sizeof sums) {
    std::array<std::uint64_t, kLanes> words;
    std::memcpy(words.data(), at, sizeof words);
    for (std::size_t i = 0; i < kLanes; ++i) sums[i] += words[i];
  }
  std::uint64_t total = 0;
  for (; left > 0; --left, ++at) total += std::to_integer<std::uint64_t>(*at);
  for (const std::uint64_t sum : sums) total += sum;
  return total;
}

class ReadSink final : public Sink {
 public:
  void consume(Sample& sample) override {
    for (std::size_t i = 0; i < sample.size(); ++i) {
      // Stored where the compiler cannot prove that nobody looks, or it would drop the reading.
      sum_.store(sum_of(sample.array(i).bytes()), std::memory_order_relaxed);
    }
  }

 private:
  std::atomic<std::uint64_t> sum_{0};
};

}  // namespace

std::unique_ptr<Sink> open_sink(const Options& options, const cli::StopSignal& stop, [[maybe_unused]] spdlog::logger& log) {
  switch (options.sink) {
    case SinkKind::Null: return std::make_unique<NullSink>();
    case SinkKind::Read: return std::make_unique<ReadSink>();
    case SinkKind::Npy: return open_npy_sink(options.path);
    case SinkKind::Raw: return open_raw_sink(options.path, stop);
#ifdef ARRAYWIRE_HAS_IMAGES
    case SinkKind::Image: return open_image_sink(options.path, log);
    case SinkKind::Preview: return open_preview_sink(options.path);
#else
    case SinkKind::Image:
    case SinkKind::Preview: throw cli::Failure("--sink: this program was built without OpenImageIO (libopenimageio-dev)");
#endif
  }
  throw cli::UsageError("no such sink");
}

int write_fully(int fd, std::span<const std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return 0;
}

std::span<const std::byte> c_order(const ConstArrayView& array, std::vector<std::byte>& storage) {
  if (array.contiguous()) return array.bytes();
  const ArraySpec packed{.dtype = array.dtype(), .shape = array.shape()};
  storage.resize(checked_extent_bytes(packed));
  copy_elements(array, ArrayView(packed, storage));
  return storage;
}

}  // namespace arraywire::consumer
