// cv::Mat over arraywire arrays, and the other way round: no copy. Needs opencv_core; the library itself does not.
//
//   const cv::Mat image = arraywire::as_mat(*loan);                     // of a loan: `const` is what keeps it in place
//   cv::flip(picture, image, 0);                                        // written into the slot, or throws cv::Exception
//   cv::Mat received = arraywire::as_mat(std::move(*sample));           // of a sample, which lives until the last Mat is gone
//   publisher.publish(arraywire::keep(received(cv::Rect(0, 0, 640, 480))));   // any Mat that owns its memory, ROIs too
//
// Shapes: H x W, and H x W x C with C <= CV_CN_MAX as one Mat of C channels. Rows may be padded (Mat::step); the pixels of a row
// and the channels of a pixel must lie side by side. OpenCV has no uint32, uint64, int64, bfloat16 and complex; bool is refused,
// too, because OpenCV's masks are 0 and 255. Errors: Error naming the spec and what OpenCV cannot do with it.
#pragma once

#include "arraywire/loan.hpp"
#include "arraywire/sample.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <opencv2/core/mat.hpp>
#include <optional>
#include <string>
#include <utility>

namespace arraywire {

namespace detail {

[[noreturn]] inline void refuse_mat(const ArraySpec& spec, const std::string& why) {
  throw Error(ErrorCode::InvalidArgument, "a cv::Mat of " + to_string(spec) + ": " + why);
}

inline std::optional<int> cv_depth(DType dtype) noexcept {
  switch (dtype) {
    case DType::UInt8: return CV_8U;
    case DType::Int8: return CV_8S;
    case DType::UInt16: return CV_16U;
    case DType::Int16: return CV_16S;
    case DType::Int32: return CV_32S;
    case DType::Float16: return CV_16F;
    case DType::Float32: return CV_32F;
    case DType::Float64: return CV_64F;
    default: return std::nullopt;
  }
}

inline DType dtype_of_cv_depth(int depth) {
  switch (depth) {
    case CV_8U: return DType::UInt8;
    case CV_8S: return DType::Int8;
    case CV_16U: return DType::UInt16;
    case CV_16S: return DType::Int16;
    case CV_32S: return DType::Int32;
    case CV_16F: return DType::Float16;
    case CV_32F: return DType::Float32;
    case CV_64F: return DType::Float64;
    default: throw Error(ErrorCode::InvalidArgument, "a cv::Mat of depth " + std::to_string(depth) + " has no dtype here");
  }
}

inline int cv_channels(const ArraySpec& spec) {
  const Extents& shape = spec.shape;
  if (shape.size() != 2 && shape.size() != 3) refuse_mat(spec, "only height x width and height x width x channels can be one");
  if (shape[0] > std::numeric_limits<int>::max() || shape[1] > std::numeric_limits<int>::max()) {
    refuse_mat(spec, "OpenCV counts rows and columns in int");
  }
  if (shape.size() == 2) return 1;
  if (shape[2] < 1 || shape[2] > CV_CN_MAX) refuse_mat(spec, "OpenCV has 1 to " + std::to_string(CV_CN_MAX) + " channels");
  return static_cast<int>(shape[2]);
}

// Bytes from one row to the next. The stride of a dimension of length 1 means nothing.
inline std::size_t cv_step(const ArraySpec& spec, std::size_t pixel_bytes) {
  if (spec.stride_bytes.empty() || spec.shape[0] <= 1) return cv::Mat::AUTO_STEP;
  const auto step = static_cast<std::size_t>(spec.stride_bytes[0]);
  if (step < pixel_bytes * static_cast<std::size_t>(spec.shape[1])) refuse_mat(spec, "its rows are interleaved");
  return step;
}

inline void require_dense_rows(const ArraySpec& spec, std::size_t pixel_bytes) {
  if (spec.stride_bytes.empty()) return;
  const auto differs = [&](std::size_t dimension, std::size_t bytes) {
    return spec.shape[dimension] > 1 && static_cast<std::size_t>(spec.stride_bytes[dimension]) != bytes;
  };
  if (differs(1, pixel_bytes)) refuse_mat(spec, "the pixels of a row must lie side by side");
  if (spec.shape.size() == 3 && differs(2, size_bytes(spec.dtype))) {
    refuse_mat(spec, "the channels of a pixel must lie side by side");
  }
}

inline cv::Mat mat_over(const ArraySpec& spec, const std::byte* bytes) {
  const auto depth = cv_depth(spec.dtype);
  if (!depth) refuse_mat(spec, "OpenCV has no " + std::string(name(spec.dtype)));
  const int channels = cv_channels(spec);
  const std::size_t pixel_bytes = size_bytes(spec.dtype) * static_cast<std::size_t>(channels);
  require_dense_rows(spec, pixel_bytes);
  // cv::Mat knows no const data.
  return {static_cast<int>(spec.shape[0]), static_cast<int>(spec.shape[1]), CV_MAKETYPE(*depth, channels),
          const_cast<std::byte*>(bytes), cv_step(spec, pixel_bytes)};
}

// What the Mats of one sample or loan share; OpenCV counts them (UMatData::refcount) and calls deallocate after the last one. It
// is the allocator of that one memory and dies with it, so nothing is global. Mats that are created anew use OpenCV's own
// allocator: Mat::allocator stays null.
class KeptMemory final : public cv::MatAllocator {
 public:
  static void attach(cv::Mat& mat, std::shared_ptr<const void> owner) {
    auto* kept = new KeptMemory(std::move(owner));
    kept->data_.data = kept->data_.origdata = mat.data;
    kept->data_.size = static_cast<std::size_t>(mat.dataend - mat.data);
    kept->data_.refcount = 1;
    mat.u = &kept->data_;
  }

  cv::UMatData* allocate(int dims, const int* sizes, int type, void* data, std::size_t* step, cv::AccessFlag flags,
                         cv::UMatUsageFlags usage) const override {
    return cv::Mat::getStdAllocator()->allocate(dims, sizes, type, data, step, flags, usage);
  }
  bool allocate(cv::UMatData* data, cv::AccessFlag flags, cv::UMatUsageFlags usage) const override {
    return cv::Mat::getStdAllocator()->allocate(data, flags, usage);
  }
  void deallocate(cv::UMatData*) const override { delete this; }

 private:
  explicit KeptMemory(std::shared_ptr<const void> owner) : owner_(std::move(owner)), data_(this) {
    data_.flags |= cv::UMatData::USER_ALLOCATED;
  }
  ~KeptMemory() override = default;

  std::shared_ptr<const void> owner_;
  cv::UMatData data_;
};

}  // namespace detail

// Lifetime: as of the array view: valid while the sample or loan is; this Mat keeps nothing alive.
// Const: of a loan, so that OpenCV takes it for an output of fixed size and type: what fits is written in place, anything else
// throws cv::Exception (but what puts another Mat in its place by OutputArray::assign or move, as some of opencv_contrib do: see
// that Mat::data is still the loan's). Declare it `const cv::Mat` or `const auto`: `auto` and `cv::Mat` drop the const, and
// OpenCV then silently puts new memory in place of the slot. (setTo is not const: cv::Mat(image).setTo(0) is in place, too.) Of a
// sample, so that at() and ptr() are read-only. C++ can hold nobody to it further, because cv::Mat has no const data: writing to
// a sample through OpenCV (as an output, or through a copied header) faults where the memory is shared.
template <class Byte>
const cv::Mat as_mat(const BasicArrayView<Byte>& view) {  // NOLINT(readability-const-return-type): see above
  return detail::mat_over(view.spec(), view.bytes().data());
}

// Lifetime: the sample lives until the last Mat that shares its memory is gone: copies of the header, rows, ROIs and UMats
// included. Throws Error{InvalidArgument} as above and for an index that is not there; the sample then stays with the caller.
inline const cv::Mat as_mat(std::shared_ptr<const Sample> sample,
                            std::size_t index = 0) {  // NOLINT(readability-const-return-type)
  const ConstArrayView view = sample->array(index);
  cv::Mat mat = detail::mat_over(view.spec(), view.bytes().data());
  detail::KeptMemory::attach(mat, std::move(sample));
  return mat;
}
inline const cv::Mat as_mat(Sample&& sample, std::size_t index = 0) {  // NOLINT(readability-const-return-type)
  static_cast<void>(as_mat(sample.array(index)));                      // throws before the sample is taken
  return as_mat(std::make_shared<const Sample>(std::move(sample)), index);
}

// Of a loan, const as above. Lifetime: the slot is nobody else's until the last Mat that shares its memory is gone, whatever
// becomes of the loan. When it is published, its bytes are the subscribers': they must not be written any more.
inline const cv::Mat as_mat(const Loan& loan, std::size_t index = 0) {  // NOLINT(readability-const-return-type)
  const ArrayView view = loan.array(index);
  cv::Mat mat = detail::mat_over(view.spec(), view.bytes().data());
  detail::KeptMemory::attach(mat, loan.pin());
  return mat;
}

// H x W, or H x W x C for more than one channel; padded rows (ROIs) by stride_bytes. Throws Error for a Mat of other than two
// dimensions.
inline ArraySpec spec_of(const cv::Mat& mat) {
  if (mat.dims != 2) throw Error(ErrorCode::InvalidArgument, "a cv::Mat of " + std::to_string(mat.dims) + " dimensions");
  ArraySpec spec{.dtype = detail::dtype_of_cv_depth(mat.depth()), .shape = {mat.rows, mat.cols}};
  if (mat.channels() > 1) spec.shape = {mat.rows, mat.cols, mat.channels()};
  if (mat.isContinuous()) return spec;
  const auto row = static_cast<std::int64_t>(mat.step[0]), pixel = static_cast<std::int64_t>(mat.elemSize());
  spec.stride_bytes = {row, pixel};
  if (mat.channels() > 1) spec.stride_bytes = {row, pixel, static_cast<std::int64_t>(mat.elemSize1())};
  return spec;
}

// Lifetime: as of the array view: valid while the Mat's memory is.
inline ConstArrayView view_of(const cv::Mat& mat) {
  const ArraySpec spec = spec_of(mat);
  return {spec, std::span(reinterpret_cast<const std::byte*>(mat.data), checked_extent_bytes(spec))};
}

// Lends the Mat's memory to a publisher: the Mat's reference count keeps it alive until nothing can touch it any more. Do not
// write to it meanwhile, through any header. Throws Error for a Mat over memory that it does not own (Mat(rows, cols, type,
// pointer)): keep(view_of(mat), owner) is for those.
inline Borrowed keep(const cv::Mat& mat) {
  const ConstArrayView view = view_of(mat);
  if (mat.u == nullptr && !mat.empty()) {
    throw Error(ErrorCode::InvalidArgument, "keep: this cv::Mat does not own its memory; say who does: keep(view, owner)");
  }
  return keep(view, std::make_shared<const cv::Mat>(mat));
}

}  // namespace arraywire
