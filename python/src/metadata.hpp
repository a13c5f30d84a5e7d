// Metadata as the dictionaries of _values.py, both ways.
#pragma once

#include <arraywire/metadata.hpp>

#include <pybind11/pybind11.h>

namespace arraywire::python {

namespace py = pybind11;

// Only what is said.
py::dict to_python(const Metadata& metadata);
py::dict attributes_of(const Metadata& metadata);
// Says in `metadata` what the dictionary (or None) says, over what it says already. Throws InvalidArgument for unknown keys, and
// for values of another type than the key's, naming the key.
void apply(const py::object& dictionary, Metadata& metadata);

}  // namespace arraywire::python
