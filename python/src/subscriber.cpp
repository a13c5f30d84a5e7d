#include "subscriber.hpp"

#include "errors.hpp"
#include "metadata.hpp"
#include "values.hpp"

#include <pybind11/stl.h>
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace arraywire::python {

PySubscriber::PySubscriber(std::shared_ptr<PyContext> context, const std::string& source, SubscriberOptions options)
    : context_(std::move(context)) {
  const std::shared_ptr<Context> open = context_->open();
  const Unlocked unlocked;
  subscriber_ = std::make_shared<Subscriber>(*open, source, std::move(options));
}

std::shared_ptr<PySubscriber> PySubscriber::create(std::shared_ptr<PyContext> context, const std::string& source,
                                                   SubscriberOptions options) {
  if (!context) context = PyContext::create();
  std::shared_ptr<PySubscriber> subscriber(new PySubscriber(context, source, std::move(options)));
  context->add(subscriber);
  return subscriber;
}

PySubscriber::~PySubscriber() {
  const py::error_scope kept;  // of whatever is on its way while this goes
  const Unlocked unlocked;
  subscriber_.reset();
}

void PySubscriber::close() {
  const std::shared_ptr<PySubscriber> self = shared_from_this();
  if (!maker_.is_this_process()) return subscriber_.reset();
  const Turn turn(turns_);
  auto leaving = std::exchange(subscriber_, nullptr);
  const Unlocked unlocked;
  leaving.reset();
}

Subscriber& PySubscriber::open() const {
  maker_.require("a Subscriber");
  if (!subscriber_) raise("Closed", "this subscriber was closed");
  return *subscriber_;
}

Result<Sample, TakeError> PySubscriber::look() {
  static_cast<void>(open());
  const Turn turn(turns_);
  return open().take(std::chrono::nanoseconds::zero());
}

// Looks until there is something else than Timeout, and in between sleeps until there may be.
template <class Look> auto PySubscriber::wait(std::chrono::nanoseconds timeout, Look look) -> decltype(look()) {
  const CallsInside::Call inside(context_->calls());
  const auto deadline = deadline_after(timeout);
  for (;;) {
    const bool last = Clock::now() >= deadline;
    auto result = look();
    if (result || result.error() != TakeError::Timeout || last) return result;
    const std::shared_ptr<Subscriber> waited_for = subscriber_;  // its descriptor, until the wait ends
    if (waited_for) wait_readable(std::array{waited_for->descriptor()}, slice_before(deadline));
    check_signals();
  }
}

Result<Sample, TakeError> PySubscriber::take(std::chrono::nanoseconds timeout) {
  return wait(timeout, [this] { return look(); });
}

MessageInfo PySubscriber::take_into(Elements& target, std::chrono::nanoseconds timeout) {
  const ArrayView view = writable_view_of(target);
  auto taken = wait(timeout, [&] {
    static_cast<void>(open());
    const Turn turn(turns_);
    Subscriber& subscriber = open();
    const Unlocked unlocked;
    return subscriber.take_into(view, std::chrono::nanoseconds::zero());
  });
  if (!taken) raise_take_error(taken.error());
  return std::move(*taken);
}

void PySubscriber::raise_take_error(TakeError error) const {
  raise(error, error == TakeError::Refused ? open().status().reason : std::string());
}

std::size_t PySubscriber::wait_any(std::span<const std::shared_ptr<PySubscriber>> subscribers, std::chrono::nanoseconds timeout) {
  if (subscribers.empty()) raise("InvalidArgument", "there is no subscriber to wait for");
  if (std::ranges::find(subscribers, nullptr) != subscribers.end()) throw py::type_error("None is no subscriber");
  const CallsInside::Call inside(subscribers.front()->context_->calls());
  const auto deadline = deadline_after(timeout);
  std::vector<PySubscriber*> in_order;  // of their addresses, so that two threads here do not wait for each other
  for (const auto& subscriber : subscribers) in_order.push_back(subscriber.get());
  std::ranges::sort(in_order);
  in_order.erase(std::unique(in_order.begin(), in_order.end()), in_order.end());
  for (;;) {
    const bool last = Clock::now() >= deadline;
    std::vector<std::shared_ptr<Subscriber>> waited_for;
    std::vector<int> descriptors;
    {
      std::vector<std::unique_ptr<Turn>> turns;
      for (PySubscriber* subscriber : in_order) turns.push_back(std::make_unique<Turn>(subscriber->turns_));
      std::vector<Subscriber*> all;
      for (const auto& subscriber : subscribers) all.push_back(&subscriber->open());
      if (const auto found = arraywire::wait_any(all, std::chrono::nanoseconds::zero())) return *found;
      if (subscribers.front()->context_->stopped()) raise(TakeError::Stopped, "");
      for (const auto& subscriber : subscribers) waited_for.push_back(subscriber->subscriber_);
    }
    if (last) raise(TakeError::Timeout, "");
    for (const auto& subscriber : waited_for) descriptors.push_back(subscriber->descriptor());
    wait_readable(descriptors, slice_before(deadline));
    check_signals();
  }
}

// ---- the Python type

namespace {

using Seconds = std::optional<double>;

std::shared_ptr<PySubscriber> make(const std::string& source, const std::shared_ptr<PyContext>& context,
                                   const std::string& when_full, std::uint32_t queue, std::uint32_t hold, const std::string& lane,
                                   const std::string& name) {
  return PySubscriber::create(
      context, source,
      {.when_full = when_full_from(when_full), .queue = queue, .hold = hold, .lane = lane_from(lane), .name = name});
}

PySample take(PySubscriber& self, Seconds timeout) {
  auto taken = self.take(nanoseconds_of(timeout));
  if (!taken) self.raise_take_error(taken.error());
  return PySample(std::move(*taken));
}

PySample next(PySubscriber& self) {
  auto taken = self.take(kForever);
  if (taken) return PySample(std::move(*taken));
  if (taken.error() == TakeError::Ended) throw py::stop_iteration();
  self.raise_take_error(taken.error());
}

// For _asyncio.py: None when there is nothing yet.
std::optional<PySample> look(PySubscriber& self) {
  auto taken = self.look();
  if (taken) return PySample(std::move(*taken));
  if (taken.error() == TakeError::Timeout) return std::nullopt;
  self.raise_take_error(taken.error());
}

py::object take_into(PySubscriber& self, const py::object& given, Seconds timeout) {
  Elements target = elements_of(given);
  const MessageInfo info = self.take_into(target, nanoseconds_of(timeout));
  return to_python(info, self.open().status().lane);
}

py::object asynchronous(const char* function, const py::object& self, const py::args& more) {
  return py::module_::import("arraywire._asyncio").attr(function)(self, *more);
}

}  // namespace

void define_subscriber(py::module_& module) {
  using namespace py::literals;
  py::class_<PySubscriber, std::shared_ptr<PySubscriber>> type(module, "Subscriber");
  type.def(py::init(&make), "source"_a, "context"_a = py::none(), py::kw_only(), "when_full"_a = "auto", "queue"_a = 4,
           "hold"_a = 4, "lane"_a = "auto", "name"_a = "")
      .def("take", &take, "timeout"_a = py::none())
      .def("_look", &look)
      .def(
          "take_async",
          [](const py::object& self, const py::object& timeout) { return asynchronous("take", self, py::make_tuple(timeout)); },
          "timeout"_a = py::none())
      .def("take_into", &take_into, "target"_a, "timeout"_a = py::none())
      .def("descriptor", [](const PySubscriber& self) { return self.open().descriptor(); })
      .def("fileno", [](const PySubscriber& self) { return self.open().descriptor(); })
      .def("close", &PySubscriber::close)
      .def("status", [](const PySubscriber& self) { return to_python(self.open().status()); })
      .def("statistics", [](const PySubscriber& self) { return to_python(self.open().statistics()); })
      .def("stream_metadata", [](const PySubscriber& self) { return to_python(self.open().stream_metadata()); })
      .def_property_readonly("stream", [](const PySubscriber& self) { return self.open().stream(); })
      .def("__iter__", [](const py::object& self) { return self; })
      .def("__next__", &next)
      .def("__aiter__", [](const py::object& self) { return asynchronous("samples", self, py::tuple()); })
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](PySubscriber& self, const py::args&) { self.close(); });
  module.def(
      "wait_any",
      [](const std::vector<std::shared_ptr<PySubscriber>>& subscribers, Seconds timeout) {
        return subscribers[PySubscriber::wait_any(subscribers, nanoseconds_of(timeout))];
      },
      "subscribers"_a, "timeout"_a = py::none());
}

}  // namespace arraywire::python
