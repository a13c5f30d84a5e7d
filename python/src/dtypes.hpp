// Between arraywire's dtypes and NumPy's.
#pragma once

#include <arraywire/array_view.hpp>

#include <pybind11/numpy.h>
#include <optional>

namespace arraywire::python {

namespace py = pybind11;

py::dtype numpy_dtype(DType dtype);
// Whatever numpy.dtype() takes, and "bfloat16". Throws UnsupportedArray for what cannot be sent, and for foreign byte order.
DType dtype_from(const py::object& described);
std::optional<DType> dtype_of_numpy(const py::dtype& dtype);  // the byte order aside
bool is_native(const py::dtype& dtype);

// An int or a sequence of ints. Throws InvalidArgument.
Extents shape_from(const py::object& shape);

}  // namespace arraywire::python
