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

PYBIND11_MODULE(_arraywire, module) {
  using namespace arraywire::python;
  register_errors();
  define_context(module);
  define_sample(module);
  define_loan(module);
  define_publisher(module);
  define_subscriber(module);

  int major = 0, minor = 0, patch = 0;
  zmq_version(&major, &minor, &patch);
  module.attr("__version__") = ARRAYWIRE_VERSION;
  module.attr("PROTOCOL_VERSION") = ARRAYWIRE_PROTOCOL_VERSION;
  module.attr("LIBZMQ_VERSION") = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}
