// The header of NumPy's .npy files, versions 1, 2 and 3. Source: numpy/numpy, numpy/lib/format.py.
#pragma once

#include "arraywire/array_view.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

namespace arraywire::cli {

// What is wrong with a file; the caller adds its name.
class NpyError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct NpyHeader {
  ArraySpec spec{};             // Fortran order: with stride_bytes, unless C order describes the same bytes
  std::size_t data_offset = 0;  // of the first element
};

// `start` is the file's beginning, as much as there is of it or all of it; `file_bytes` the whole file's length.
// Any input gives a header whose data lie within file_bytes, or throws NpyError.
NpyHeader parse_npy_header(std::span<const std::byte> start, std::uint64_t file_bytes);

// A version 1 header for data that follow at a multiple of 64 bytes. `fortran_order`: the first index varies fastest.
std::string format_npy_header(DType dtype, const Extents& shape, bool fortran_order);

// The strides of Fortran order. Throws NpyError when they leave 63 bits.
Extents fortran_strides(DType dtype, const Extents& shape);

}  // namespace arraywire::cli
