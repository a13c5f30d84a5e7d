// Strided copies: the dimensions are put into the target's memory order and joined where both sides allow it, so that what is
// left is few, long memcpys for padded rows and for equal layouts of any order.
#include "arraywire/array_view.hpp"

#include <cstring>

namespace arraywire {
namespace {

struct Dimension {
  std::int64_t extent;
  std::int64_t from_stride;
  std::int64_t to_stride;
};

struct Loops {
  std::array<Dimension, kMaxRank> dimensions{};  // outermost first
  std::size_t count = 0;
};

Loops plan(const ArraySpec& from, const ArraySpec& to) {
  const Extents from_strides = byte_strides(from);
  const Extents to_strides = byte_strides(to);
  Loops all;
  for (std::size_t i = 0; i < to.shape.size(); ++i) {
    if (to.shape[i] > 1) all.dimensions[all.count++] = {to.shape[i], from_strides[i], to_strides[i]};
  }
  // No two strides of a valid spec are equal; and std::stable_sort would allocate.
  std::sort(all.dimensions.begin(), all.dimensions.begin() + all.count,
            [](const Dimension& a, const Dimension& b) { return a.to_stride > b.to_stride; });
  Loops joined;
  for (std::size_t i = 0; i < all.count; ++i) {
    const Dimension& inner = all.dimensions[i];
    if (joined.count > 0) {
      Dimension& outer = joined.dimensions[joined.count - 1];
      if (outer.from_stride == inner.from_stride * inner.extent && outer.to_stride == inner.to_stride * inner.extent) {
        outer = {outer.extent * inner.extent, inner.from_stride, inner.to_stride};
        continue;
      }
    }
    joined.dimensions[joined.count++] = inner;
  }
  return joined;
}

using CopyRun = void (*)(const std::byte* from, std::byte* to, const Dimension& run);

void copy_bytes(const std::byte* from, std::byte* to, const Dimension& run) {
  std::memcpy(to, from, static_cast<std::size_t>(run.extent * run.to_stride));
}

template <std::size_t ItemBytes> void copy_items(const std::byte* from, std::byte* to, const Dimension& run) {
  for (std::int64_t i = 0; i < run.extent; ++i) std::memcpy(to + i * run.to_stride, from + i * run.from_stride, ItemBytes);
}

CopyRun copy_run_for(const Dimension& run, std::size_t item_bytes) {
  const auto item = static_cast<std::int64_t>(item_bytes);
  if (run.from_stride == item && run.to_stride == item) return copy_bytes;
  switch (item_bytes) {
    case 1: return copy_items<1>;
    case 2: return copy_items<2>;
    case 4: return copy_items<4>;
    case 8: return copy_items<8>;
    default: return copy_items<16>;
  }
}

void copy_loops(const std::byte* from, std::byte* to, const Loops& loops, std::size_t item_bytes) {
  const Dimension& run = loops.dimensions[loops.count - 1];
  const CopyRun copy_run = copy_run_for(run, item_bytes);
  const std::size_t outer = loops.count - 1;
  std::array<std::int64_t, kMaxRank> index{};
  std::int64_t from_offset = 0;
  std::int64_t to_offset = 0;
  for (;;) {
    copy_run(from + from_offset, to + to_offset, run);
    std::size_t d = outer;
    for (; d > 0; --d) {  // the next index, as an odometer
      const Dimension& dimension = loops.dimensions[d - 1];
      from_offset += dimension.from_stride;
      to_offset += dimension.to_stride;
      if (++index[d - 1] < dimension.extent) break;
      from_offset -= dimension.extent * dimension.from_stride;
      to_offset -= dimension.extent * dimension.to_stride;
      index[d - 1] = 0;
    }
    if (d == 0) return;
  }
}

}  // namespace

void copy_elements(const ConstArrayView& from, const ArrayView& to) {
  if (from.dtype() != to.dtype() || !(from.shape() == to.shape())) {
    throw Error(ErrorCode::InvalidArgument,
                "copy_elements: " + to_string(from.spec()) + " into " + to_string(to.spec()) + ": dtype and shape must be equal");
  }
  if (to.bytes().empty()) return;
  const Loops loops = plan(from.spec(), to.spec());
  const std::size_t item_bytes = size_bytes(to.dtype());
  if (loops.count == 0) {
    std::memcpy(to.bytes().data(), from.bytes().data(), item_bytes);
  } else {
    copy_loops(from.bytes().data(), to.bytes().data(), loops, item_bytes);
  }
}

}  // namespace arraywire
