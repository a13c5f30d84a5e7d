#include "dtypes.hpp"

#include "errors.hpp"

#include <dlpack/dlpack.h>
#include <pybind11/stl.h>
#include <algorithm>
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

// By kind and size, as numpy/ndarraytypes.h names them: asking for dtype.name takes longer than the rest of a publish. Only a
// dtype that NumPy has not got itself has to be asked.
std::optional<DType> dtype_of_numpy(const py::dtype& dtype) {
  constexpr int kFirstUserDefined = 256;
  if (dtype.num() >= kFirstUserDefined) return dtype_from_name(py::cast<std::string>(dtype.attr("name")));
  const auto bits = static_cast<std::uint8_t>(std::min<py::ssize_t>(dtype.itemsize() * 8, 255));
  switch (dtype.kind()) {
    case 'b': return DType::Bool;
    case 'i': return dtype_from_dlpack({.code = kDLInt, .bits = bits});
    case 'u': return dtype_from_dlpack({.code = kDLUInt, .bits = bits});
    case 'f': return dtype_from_dlpack({.code = kDLFloat, .bits = bits});
    case 'c': return dtype_from_dlpack({.code = kDLComplex, .bits = bits});
    default: return std::nullopt;
  }
}

bool is_native(const py::dtype& dtype) { return dtype.byteorder() != '>'; }  // of a little-endian machine, as all of ours are

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
  const auto extent_from = [](const py::object& extent) {
    const auto number = py::reinterpret_steal<py::object>(PyNumber_Index(extent.ptr()));
    if (!number) throw py::error_already_set();
    return py::cast<std::int64_t>(number);
  };
  std::vector<std::int64_t> extents;
  if (PySequence_Check(shape.ptr()) == 0) {
    extents.push_back(extent_from(shape));
  } else if (py::isinstance<py::str>(shape) || py::isinstance<py::bytes>(shape)) {
    raise("InvalidArgument", "a shape is an int or several, not text");
  } else {
    for (const py::object extent : py::cast<py::sequence>(shape)) extents.push_back(extent_from(extent));
  }
  return Extents(std::span<const std::int64_t>(extents));
}

}  // namespace arraywire::python
