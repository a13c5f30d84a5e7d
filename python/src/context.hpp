// Context in Python.
#pragma once

#include "callbacks.hpp"
#include "waiting.hpp"

#include <arraywire/context.hpp>

#include <pybind11/pybind11.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace arraywire::python {

// A publisher or subscriber, as its context closes it.
class Participant {
 public:
  Participant() = default;
  virtual ~Participant() = default;
  Participant(const Participant&) = delete;
  Participant& operator=(const Participant&) = delete;
  virtual void close() = 0;  // throws what signal handlers raise, when closed
};

// Lifetime: held by its Python object, publishers and subscribers. Everything with the GIL.
class PyContext : public std::enable_shared_from_this<PyContext> {
 public:
  static std::shared_ptr<PyContext> create(ContextOptions options = {}, const py::object& on_event = py::none());
  ~PyContext();
  PyContext(const PyContext&) = delete;
  PyContext& operator=(const PyContext&) = delete;

  std::shared_ptr<Context> open() const;  // throws Closed
  // Closes it, and throws Closed, if the context was closed while it was made.
  void add(const std::shared_ptr<Participant>& participant);
  // For what is lent: its Python thread runs from now on.
  const std::shared_ptr<CallbackQueue>& callbacks();

  CallsInside& calls() noexcept { return calls_; }
  void close();  // throws the first that a participant's close throws, when all are closed
  void stop();
  bool stopped() const;

 private:
  PyContext(ContextOptions options, std::shared_ptr<CallbackQueue> queue);
  void close_at_exit();

  const Maker maker_{};
  const std::shared_ptr<CallbackQueue> queue_;
  const std::shared_ptr<CallbackThread> thread_;
  std::shared_ptr<Context> context_;  // null once closed; shared with whoever uses it without the GIL
  std::vector<std::weak_ptr<Participant>> participants_;
  CallsInside calls_{};
  py::object at_exit_;
};

void define_context(py::module_& module);

}  // namespace arraywire::python
