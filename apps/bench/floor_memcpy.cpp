#include "floor_memcpy.hpp"

#include "frame.hpp"

#include <chrono>
#include <cstring>
#include <optional>

namespace bench {

namespace {

class Memcpy : public Measurement {
 public:
  void start(std::size_t frame_bytes) override {
    from_.emplace(frame_bytes);
    to_.emplace(frame_bytes);
  }

  double run(std::uint64_t frames) override {
    const auto start = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < frames; ++i) {
      stamp(from_->bytes(), next_);
      std::memcpy(to_->bytes().data(), from_->bytes().data(), to_->bytes().size());
      check_stamp(to_->bytes(), from_->bytes().size(), next_++);
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

 private:
  std::optional<WarmBuffer> from_{};
  std::optional<WarmBuffer> to_{};
  std::uint64_t next_ = 0;
};

}  // namespace

std::unique_ptr<Measurement> make_memcpy() { return std::make_unique<Memcpy>(); }

}  // namespace bench
