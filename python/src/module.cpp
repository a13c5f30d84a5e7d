// The compiled half of the Python package. Its contract is python/arraywire/_arraywire.pyi.
#include "context.hpp"
#include "errors.hpp"
#include "loan.hpp"
#include "publisher.hpp"
#include "sample.hpp"
#include "subscriber.hpp"

#include <arraywire/version.hpp>

#include <pybind11/pybind11.h>
#include <zmq.h>
#include <string>

namespace {

namespace py = pybind11;

// A method of an object whose __init__ has not run, or has failed, would get memory that nobody has initialised. And none of them
// can be pickled, which pybind11 does not survive trying.
template <class T> void guard() {
  py::detail::get_type_info(typeid(T))->operator_new = [](std::size_t) -> void* {
    arraywire::python::raise("Closed", "its __init__ has not run, or has failed");
  };
  const py::object type = py::type::of<T>();
  const auto name = py::cast<std::string>(type.attr("__name__"));
  type.attr("__reduce_ex__") =
      py::cpp_function([name](const py::args&) -> py::object { throw py::type_error("cannot pickle '" + name + "' objects"); },
                       py::is_method(type));
}

}  // namespace

PYBIND11_MODULE(_arraywire, module) {
  using namespace arraywire::python;
  register_errors();
  define_context(module);
  define_sample(module);
  define_loan(module);
  define_publisher(module);
  define_subscriber(module);
  guard<arraywire::python::PyContext>();
  guard<PySample>();
  guard<PyLoan>();
  guard<PyPublisher>();
  guard<PySubscriber>();

  int major = 0, minor = 0, patch = 0;
  zmq_version(&major, &minor, &patch);
  module.attr("__version__") = ARRAYWIRE_VERSION;
  module.attr("PROTOCOL_VERSION") = ARRAYWIRE_PROTOCOL_VERSION;
  module.attr("LIBZMQ_VERSION") = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}
