#include "context.hpp"

#include "errors.hpp"
#include "values.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace arraywire::python {

PyContext::PyContext(ContextOptions options, std::shared_ptr<CallbackQueue> queue)
    : queue_(std::move(queue)),
      thread_(std::make_shared<CallbackThread>(queue_)),
      context_(std::make_shared<Context>(std::move(options))) {}

std::shared_ptr<PyContext> PyContext::create(ContextOptions options, const py::object& on_event) {
  if (options.io_threads < 1) raise("InvalidArgument", "io_threads must be at least 1");
  if (!on_event.is_none() && PyCallable_Check(on_event.ptr()) == 0) raise("InvalidArgument", "on_event cannot be called");
  const auto queue = std::make_shared<CallbackQueue>();
  if (!on_event.is_none()) options.on_event = [queue](const Event& event) { queue->on_event(event); };
  std::shared_ptr<PyContext> context(new PyContext(std::move(options), queue));
  queue->tell(on_event);
  context->thread_->stop_at_exit();  // which comes after the context's closing: that gives back what is lent
  context->close_at_exit();
  if (!on_event.is_none()) context->thread_->start();
  return context;
}

void PyContext::close_at_exit() {
  at_exit_ = py::cpp_function([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->close();
    if (self->maker_.is_this_process()) self->calls_.wait_for_none();
  });
  py::module_::import("atexit").attr("register")(at_exit_);
}

PyContext::~PyContext() {
  try {
    close();
  } catch (py::error_already_set& error) {
    error.discard_as_unraisable("the end of an arraywire.Context");
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    PyErr_WriteUnraisable(nullptr);
  }
}

std::shared_ptr<Context> PyContext::open() const {
  maker_.require("a Context");
  if (!context_) raise("Closed", "this context was closed");
  return context_;
}

void PyContext::add(const std::shared_ptr<Participant>& participant) {
  if (!context_) {
    participant->close();
    static_cast<void>(open());
  }
  std::erase_if(participants_, [](const auto& weak) { return weak.expired(); });
  participants_.push_back(participant);
}

const std::shared_ptr<CallbackQueue>& PyContext::callbacks() {
  thread_->start();
  return queue_;
}

void PyContext::close() {
  std::exception_ptr failure;
  for (const auto& weak : std::exchange(participants_, {})) {
    try {
      if (const auto participant = weak.lock()) participant->close();
    } catch (const py::error_already_set&) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (auto closing = std::exchange(at_exit_, {})) py::module_::import("atexit").attr("unregister")(closing);
  if (auto closing = std::exchange(context_, nullptr)) {
    thread_->context_closed();
    const Unlocked unlocked;
    closing.reset();
  }
  if (failure) std::rethrow_exception(failure);
}

void PyContext::stop() { open()->stop(); }
bool PyContext::stopped() const { return !context_ || context_->stopped(); }

void define_context(py::module_& module) {
  using namespace py::literals;
  py::class_<PyContext, std::shared_ptr<PyContext>>(module, "Context")
      .def(py::init([](const py::object& directory, const Names& trust_users, const Names& trust_groups, int io_threads,
                       const py::object& on_event) {
             ContextOptions options{.trust = accounts_from(trust_users, trust_groups), .io_threads = io_threads};
             if (!directory.is_none())
               options.runtime_directory = py::cast<std::string>(py::module_::import("os").attr("fspath")(directory));
             return PyContext::create(std::move(options), on_event);
           }),
           py::kw_only(), "runtime_directory"_a = py::none(), "trust_users"_a = py::tuple(), "trust_groups"_a = py::tuple(),
           "io_threads"_a = 1, "on_event"_a = py::none())
      .def("close", &PyContext::close)
      .def("stop", &PyContext::stop)
      .def_property_readonly("stopped", &PyContext::stopped)
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](PyContext& self, const py::args&) { self.close(); });
  module.def(
      "list_streams",
      [](const std::shared_ptr<PyContext>& given) {
        const auto context = given ? given : PyContext::create();
        std::vector<StreamInfo> streams;
        {
          const std::shared_ptr<Context> open = context->open();
          const Unlocked unlocked;
          streams = list_streams(*open);
        }
        py::list list;
        for (const StreamInfo& stream : streams) list.append(to_python(stream));
        return list;
      },
      "context"_a = py::none());
  module.def("keep_receive_memory", [] { keep_receive_memory(); });
}

}  // namespace arraywire::python
