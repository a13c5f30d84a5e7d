#include "errors.hpp"

#include <arraywire/error.hpp>

#include <exception>
#include <string_view>

namespace arraywire::python {

namespace {

const char* kind_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::InvalidArgument: return "InvalidArgument";
    case ErrorCode::InUse: return "InUse";
    case ErrorCode::NotPermitted: return "NotPermitted";
    case ErrorCode::NoMemory: return "NoMemory";
    case ErrorCode::NotFound: return "NotFound";
    case ErrorCode::System: return "SystemFailure";
  }
  return "Error";
}

const char* kind_of(LoanError error) noexcept {
  switch (error) {
    case LoanError::Exhausted: return "Exhausted";
    case LoanError::TooLarge: return "TooLarge";
    case LoanError::Stopped: return "Stopped";
  }
  return "Error";
}

const char* kind_of(TakeError error) noexcept {
  switch (error) {
    case TakeError::Timeout: return "Timeout";
    case TakeError::Ended: return "Ended";
    case TakeError::HoldingAll: return "HoldingAll";
    case TakeError::Refused: return "Refused";
    case TakeError::WrongSpec: return "WrongSpec";
    case TakeError::Stopped: return "Stopped";
  }
  return "Error";
}

void set_error(const char* kind, const std::string& text) {
  PyErr_SetString(py::module_::import("arraywire._errors").attr(kind).ptr(), text.c_str());
}

}  // namespace

void raise(const char* kind, const std::string& text) {
  set_error(kind, text);
  throw py::error_already_set();
}
void raise(LoanError error) { raise(kind_of(error), std::string(describe(error))); }
void raise(PublishError error) { raise(error == PublishError::NoTaker ? "NoTaker" : "Stopped", std::string(describe(error))); }
void raise(TakeError error, const std::string& about) {
  raise(kind_of(error), about.empty() ? std::string(describe(error)) : std::string(describe(error)) + ": " + about);
}

void register_errors() {
  py::register_exception_translator(
      [](std::exception_ptr thrown) {  // NOLINT(performance-unnecessary-value-param): so it has to be
        try {
          if (thrown) std::rethrow_exception(thrown);
        } catch (const Error& error) {
          set_error(kind_of(error.code()), error.what());
        } catch (const py::cast_error&) {
          set_error("InvalidArgument", "an argument, or a part of one, is not of its type or out of its range");
        }
      });
}

}  // namespace arraywire::python
