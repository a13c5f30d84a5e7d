// From the library's errors to the exceptions of _errors.py.
#pragma once

#include <arraywire/publishing.hpp>
#include <arraywire/receiving.hpp>

#include <pybind11/pybind11.h>
#include <string>

namespace arraywire::python {

namespace py = pybind11;

// `kind`: a class of arraywire._errors. Needs the GIL.
[[noreturn]] void raise(const char* kind, const std::string& text);
[[noreturn]] void raise(LoanError error);
[[noreturn]] void raise(PublishError error);
[[noreturn]] void raise(TakeError error, const std::string& about);

void register_errors();

}  // namespace arraywire::python
