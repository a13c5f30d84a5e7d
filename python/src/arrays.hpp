// NumPy arrays over the library's memory, and the library's views over arrays and buffers of others.
#pragma once

#include <arraywire/array_view.hpp>

#include <pybind11/numpy.h>

namespace arraywire::python {

namespace py = pybind11;

// No copy. The array keeps `base` alive; as base is no buffer, NumPy never makes a read-only array writable again.
py::array array_over(const ConstArrayView& view, const py::object& base);
py::array array_over(const ArrayView& view, const py::object& base);

bool is_writable(const py::array& array);
// On this array object. Views taken of it before keep what they have.
void set_writable(const py::array& array, bool writable);

// Somebody's elements as a NumPy array, and what they are: bfloat16 may lie in an array of uint16.
struct Elements {
  py::array array;
  DType dtype{};
};
// Of whatever it is (see _arraywire.pyi, ArrayLike), without a copy. Throws UnsupportedArray.
Elements elements_of(const py::object& object);
// Throws UnsupportedArray for what needs a copy: foreign byte order, negative strides, overlapping elements.
ConstArrayView view_of(const Elements& elements);
ArrayView writable_view_of(Elements& elements);
// As they are in a contiguous array.
ArraySpec packed_spec(const Elements& elements);

}  // namespace arraywire::python
