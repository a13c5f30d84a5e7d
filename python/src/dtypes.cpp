#include "dtypes.hpp"

#include "errors.hpp"

#include <pybind11/stl.h>
#include <string>
#include <vector>

namespace arraywire::python {

namespace {

std::string text_of(const py::dtype& dtype) { return py::cast<std::string>(dtype.attr("__str__")()); }

}  // namespace

py::dtype numpy_dtype(DType dtype) {
  if (dtype == DType::BFloat16) return py::module_::import("arraywire._dtypes").attr("bfloat16")();
  return py::dtype(std::string(name(dtype)));
}

// "float64" is also the name of a big-endian one; other kinds have names that are none of ours.
std::optional<DType> dtype_of_numpy(const py::dtype& dtype) { return dtype_from_name(py::cast<std::string>(dtype.attr("name"))); }

bool is_native(const py::dtype& dtype) { return py::cast<bool>(dtype.attr("isnative")); }

DType dtype_from(const py::object& described) {
  if (py::isinstance<py::str>(described)) {
    if (const auto named = dtype_from_name(py::cast<std::string>(described))) return *named;
  }
  const py::dtype dtype = py::dtype::from_args(described);
  const auto found = dtype_of_numpy(dtype);
  if (!found) raise("UnsupportedArray", "dtype " + text_of(dtype) + " cannot be sent");
  if (!is_native(dtype)) raise("UnsupportedArray", "dtype " + text_of(dtype) + " is of the other byte order than this machine");
  return *found;
}

Extents shape_from(const py::object& shape) {
  std::vector<std::int64_t> extents;
  if (PyIndex_Check(shape.ptr()) != 0) {
    extents.push_back(py::cast<std::int64_t>(py::int_(shape)));
  } else {
    for (const py::handle extent : py::cast<py::sequence>(shape)) {
      extents.push_back(py::cast<std::int64_t>(py::int_(py::reinterpret_borrow<py::object>(extent))));
    }
  }
  return Extents(std::span<const std::int64_t>(extents));
}

}  // namespace arraywire::python
