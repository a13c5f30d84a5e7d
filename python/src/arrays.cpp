#include "arrays.hpp"

#include "dlpack.hpp"
#include "dtypes.hpp"
#include "errors.hpp"

#include <string>
#include <utility>
#include <vector>

namespace arraywire::python {

namespace {

py::array make_array(const ArraySpec& spec, const std::byte* bytes, const py::object& base) {
  const std::vector<py::ssize_t> shape(spec.shape.begin(), spec.shape.end());
  const std::vector<py::ssize_t> strides(spec.stride_bytes.begin(), spec.stride_bytes.end());
  return {numpy_dtype(spec.dtype), shape, strides, bytes, base};
}

std::string text(const py::handle& object) { return py::cast<std::string>(py::str(object)); }

Extents shape_of(const py::array& array) {
  if (array.ndim() > static_cast<py::ssize_t>(kMaxRank))
    raise("UnsupportedArray", "an array can have " + std::to_string(kMaxRank) + " dimensions at most");
  const std::vector<std::int64_t> shape(array.shape(), array.shape() + array.ndim());
  return Extents(std::span<const std::int64_t>(shape));
}

ArraySpec spec_in_place(const Elements& elements) {
  const py::array& array = elements.array;
  if (!is_native(array.dtype()))
    raise("UnsupportedArray", "dtype " + text(array.dtype()) + " is of the other byte order: it has to be copied");
  ArraySpec spec = packed_spec(elements);
  if ((array.flags() & py::array::c_style) == 0) {
    const std::vector<std::int64_t> strides(array.strides(), array.strides() + array.ndim());
    spec.stride_bytes = Extents(std::span<const std::int64_t>(strides));
  }
  return spec;
}

std::size_t checked_bytes(const ArraySpec& spec) {
  const auto bytes = extent_bytes(spec);
  if (!bytes) raise("UnsupportedArray", to_string(spec) + ": " + std::string(describe(bytes.error())) + ": it has to be copied");
  return *bytes;
}

Elements named_by_numpy(py::array array) {
  const auto dtype = dtype_of_numpy(array.dtype());
  if (!dtype) raise("UnsupportedArray", "dtype " + text(array.dtype()) + " cannot be sent");
  return {std::move(array), *dtype};
}

}  // namespace

py::array array_over(const ArrayView& view, const py::object& base) { return make_array(view.spec(), view.bytes().data(), base); }
py::array array_over(const ConstArrayView& view, const py::object& base) {
  py::array array = make_array(view.spec(), view.bytes().data(), base);
  set_writable(array, false);
  return array;
}

bool is_writable(const py::array& array) { return array.writeable(); }
void set_writable(const py::array& array, bool writable) {
  int& flags = py::detail::array_proxy(array.ptr())->flags;
  constexpr int kWriteable = py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  flags = writable ? flags | kWriteable : flags & ~kWriteable;
}

Elements elements_of(const py::object& object) {
  if (py::isinstance<py::array>(object)) {
    const bool is_plain = Py_TYPE(object.ptr()) == py::detail::npy_api::get().PyArray_Type_;
    if (!is_plain && py::isinstance(object, py::module_::import("numpy").attr("ma").attr("MaskedArray")))
      raise("UnsupportedArray", "a masked array would lose its mask: send array.filled(...), or array.data and array.mask");
    return named_by_numpy(py::reinterpret_borrow<py::array>(object));
  }
  if (py::hasattr(object, "__dlpack__")) return import_dlpack(object);
  const py::object as_array = py::module_::import("numpy").attr("asarray");
  if (PyObject_CheckBuffer(object.ptr()) != 0) {
    const auto memory = py::reinterpret_steal<py::object>(PyMemoryView_FromObject(object.ptr()));
    if (!memory) throw py::error_already_set();
    return named_by_numpy(as_array(memory));
  }
  if (py::hasattr(object, "__array_interface__")) return named_by_numpy(as_array(object));
  raise("UnsupportedArray", "a " + text(py::type::of(object).attr("__name__")) +
                                " is no array: it has neither __dlpack__ nor the buffer protocol nor __array_interface__");
}

ConstArrayView view_of(const Elements& elements) {
  const ArraySpec spec = spec_in_place(elements);
  return {spec, std::span(static_cast<const std::byte*>(elements.array.data()), checked_bytes(spec))};
}

ArrayView writable_view_of(Elements& elements) {
  if (!is_writable(elements.array)) raise("InvalidArgument", "the target is read-only");
  const ArraySpec spec = spec_in_place(elements);
  return {spec, std::span(static_cast<std::byte*>(elements.array.mutable_data()), checked_bytes(spec))};
}

ArraySpec packed_spec(const Elements& elements) { return {.dtype = elements.dtype, .shape = shape_of(elements.array)}; }

}  // namespace arraywire::python
