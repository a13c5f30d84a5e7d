#include "producer/source.hpp"

#include "producer/pattern.hpp"

#include <utility>

namespace arraywire::producer {
namespace {

class PatternSource final : public Source {
 public:
  explicit PatternSource(const ArraySpec& spec) : spec_(spec), pattern_(spec), info_(pattern_.info()) {}

  std::optional<Payload> next(const Slots& slots, Metadata& metadata) override {
    std::optional<Loan> loan = slots.loan(spec_);
    if (!loan) return std::nullopt;
    metadata.acquired = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
    if (metadata.arrays.empty()) metadata.arrays.push_back(info_);
    pattern_.fill(frame_++, loan->array());
    return std::move(*loan);
  }
  void rewind() override { frame_ = 0; }

 private:
  ArraySpec spec_;
  Pattern pattern_;
  ArrayInfo info_;
  std::uint64_t frame_ = 0;
};

}  // namespace

std::unique_ptr<Source> open_source(const Options& options, const cli::StopSignal& stop, [[maybe_unused]] spdlog::logger& log) {
  switch (options.source) {
    case SourceKind::Pattern: return std::make_unique<PatternSource>(options.spec);
    case SourceKind::Npy: return open_npy_source(options.path, options.split);
    case SourceKind::Raw: return open_raw_source(options.path, options.spec, stop);
    case SourceKind::Image: break;
  }
#ifdef ARRAYWIRE_HAS_IMAGES
  return open_image_source(options, stop, log);
#else
  throw cli::Failure("--source image: this program was built without OpenImageIO (libopenimageio-dev)");
#endif
}

}  // namespace arraywire::producer
