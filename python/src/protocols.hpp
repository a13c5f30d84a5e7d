// What Loan and Sample have in common: their first array, for who asks by a protocol.
#pragma once

#include "dlpack.hpp"

#include <arraywire/dtype.hpp>

#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <cstddef>
#include <string>

namespace arraywire::python {

// The buffer protocol as that of an array made for the purpose, which lives as long as the buffer does.
template <class ArrayOf> int get_buffer(PyObject* self, Py_buffer* buffer, int flags) {
  buffer->obj = nullptr;
  try {
    return PyObject_GetBuffer(ArrayOf{}(self).ptr(), buffer, flags);
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_BufferError, error.what());
  }
  return -1;
}

template <class ArrayOf> py::custom_type_setup buffer_of(ArrayOf) {
  return py::custom_type_setup([](PyHeapTypeObject* heap_type) {
    heap_type->as_buffer.bf_getbuffer = get_buffer<ArrayOf>;
    heap_type->ht_type.tp_as_buffer = &heap_type->as_buffer;
  });
}

// A Python index: negative ones count from the end. Throws IndexError.
inline std::size_t index_from(const py::object& key, std::size_t size) {
  auto index = PyNumber_AsSsize_t(key.ptr(), PyExc_IndexError);
  if (index == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
  if (index < 0) index += static_cast<py::ssize_t>(size);
  if (index < 0 || index >= static_cast<py::ssize_t>(size))
    throw py::index_error("there are " + std::to_string(size) + " arrays");
  return static_cast<std::size_t>(index);
}

// Of Sample and Loan: size(), dtype(index), array(index).
template <class Message> py::tuple dtype_names(const Message& message) {
  py::tuple names(message.size());
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = std::string(name(message.dtype(i)));
  return names;
}

// The buffer protocol, DLPack, and what NumPy asks when it gets no buffer: or it would make an array of one object.
template <class Message> void define_protocols(py::class_<Message>& type) {
  using namespace py::literals;
  using Pair = std::optional<std::pair<int, int>>;
  type.def(
          "__dlpack__",
          [](Message& self, const py::object&, const Pair& max_version, const Pair& device, std::optional<bool> copy) {
            const DLPackRequest request{.max_version = max_version, .device = device, .copy = copy};
            return export_dlpack(self.exported(), self.dtype(0) == DType::BFloat16, request);
          },
          py::kw_only(), "stream"_a = py::none(), "max_version"_a = py::none(), "dl_device"_a = py::none(), "copy"_a = py::none())
      .def(
          "__array__",
          [](Message& self, const py::object& dtype, const std::optional<bool>& copy) -> py::object {
            const py::array array = self.exported();
            if (!dtype.is_none() && !array.dtype().is(py::dtype::from_args(dtype))) return array.attr("astype")(dtype);
            return copy.value_or(false) ? array.attr("copy")() : py::object(array);
          },
          "dtype"_a = py::none(), "copy"_a = py::none())
      .def("__dlpack_device__", [](const Message&) { return kCpuDevice; });
}

}  // namespace arraywire::python
