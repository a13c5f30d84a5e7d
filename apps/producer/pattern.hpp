// The moving HDR test picture.
#pragma once

#include "arraywire/array_view.hpp"
#include "arraywire/metadata.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace arraywire::producer {

// A frame is a pure function of spec and frame number, so that whoever receives it can check it. Rows are copied out of
// bands prepared once: filling runs at memory speed.
// Images (height x width, or x 1..4 channels, at least 16 x 32): a rainbow that drifts, a full-range ramp, colour bars, grey
// steps, fine lines, the frame number, and a bright disc that bounces. Everything else: a moving ramp over all elements.
// Integers use their full range; floats are scene-linear from 1/64 to 64.
class Pattern {
 public:
  explicit Pattern(const ArraySpec& spec);  // a C-contiguous one

  void fill(std::uint64_t frame, const ArrayView& target) const;
  ArrayInfo info() const;

 private:
  struct Band {
    std::size_t end_row = 0;
    std::size_t variants = 1;         // prepared rows, used in turn
    std::size_t scroll_pixels = 0;    // per frame
    std::size_t slant_pixels = 0;     // per row
    std::vector<std::byte> pixels{};  // variants x 2 widths
  };
  template <class Value> void add_band(double end, Band band, Value value);
  void prepare_bands();
  void prepare_disc();
  void prepare_ramp();
  void fill_rows(std::uint64_t frame, std::byte* target) const;
  void draw_disc(std::uint64_t frame, std::byte* target) const;
  void draw_number(std::uint64_t frame, std::byte* target) const;
  void fill_ramp(std::uint64_t frame, std::span<std::byte> target) const;

  ArraySpec spec_;
  std::size_t height_ = 0, width_ = 0, channels_ = 0;  // 0: no image
  std::size_t element_bytes_, pixel_bytes_ = 0;
  std::vector<Band> bands_{};
  std::size_t disc_size_ = 0;
  std::vector<std::byte> disc_{};             // disc_size_ x disc_size_ pixels
  std::vector<std::byte> ramp_{};             // two periods
  std::vector<std::byte> black_{}, white_{};  // one pixel each
};

// `value`, 0 to 1, as an element of this dtype.
void encode_element(DType dtype, double value, std::byte* target);

}  // namespace arraywire::producer
