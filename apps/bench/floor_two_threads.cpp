#include "floor_two_threads.hpp"

#include "frame.hpp"
#include "link.hpp"
#include "processors.hpp"
#include "resources.hpp"

#include <unistd.h>
#include <array>
#include <chrono>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bench {

namespace {

constexpr std::ptrdiff_t kSlots{kBuffers};

class TwoThreads : public Measurement {
 public:
  void start(std::size_t frame_bytes) override {
    for (std::ptrdiff_t i = 0; i < kSlots; ++i) buffers_.push_back(std::make_unique<WarmBuffer>(frame_bytes));
  }

  // A buffer belongs to the writer from `empty` acquired to `filled` released, and to the reader the other way round; the
  // semaphores order what they did with it. The reader never stops early, so the writer always ends.
  double run(std::uint64_t frames) override {
    std::counting_semaphore<kSlots> empty(kSlots);
    std::counting_semaphore<kSlots> filled(0);
    std::uint64_t wrong = 0;
    const std::array self{::getpid()};
    const double cpu = cpu_seconds(self);
    std::chrono::steady_clock::time_point steady{};
    std::chrono::steady_clock::time_point unsteady{};
    {
      const std::jthread writer([&] {
        keep_to(share_of(0).own, 0);  // as peers' threads are
        for (std::uint64_t i = 0; i < frames; ++i) {
          empty.acquire();
          fill(buffer(i), next_ + i);
          filled.release();
        }
      });
      const std::jthread reader([&] {
        keep_to(share_of(1).own, 0);
        for (std::uint64_t i = 0; i < frames; ++i) {
          filled.acquire();
          if (!read_back(buffer(i), next_ + i)) ++wrong;
          empty.release();
          if (i + 1 == kBuffers) steady = std::chrono::steady_clock::now();
          if (i + 1 + kBuffers == frames) unsteady = std::chrono::steady_clock::now();
        }
      });
    }
    next_ += frames;
    if (wrong != 0) throw std::runtime_error("floor/two_threads: " + std::to_string(wrong) + " frames were wrong");
    const std::chrono::duration<double> time = unsteady - steady;
    cpu_s_per_gb_ = (cpu_seconds(self) - cpu) / (static_cast<double>(frames * buffer(0).size()) * 1e-9);
    return seconds_of_all(time.count(), frames);
  }

  Counters counters() const override { return {{"cpu_s_per_gb", cpu_s_per_gb_}}; }

 private:
  std::span<std::byte> buffer(std::uint64_t frame) const { return buffers_[frame % buffers_.size()]->bytes(); }

  std::vector<std::unique_ptr<WarmBuffer>> buffers_{};
  double cpu_s_per_gb_ = 0;
  std::uint64_t next_ = 0;  // changed between runs only
};

}  // namespace

std::unique_ptr<Measurement> make_two_threads() { return std::make_unique<TwoThreads>(); }

}  // namespace bench
