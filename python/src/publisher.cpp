#include "publisher.hpp"

#include "dtypes.hpp"
#include "errors.hpp"
#include "metadata.hpp"
#include "sample.hpp"
#include "values.hpp"

#include <pybind11/stl.h>
#include <algorithm>
#include <utility>

namespace arraywire::python {

namespace {

PublisherOptions without_linger(PublisherOptions options, std::function<bool()> give_up) {
  options.linger = {};  // close() lingers, where signals are heard
  options.give_up = std::move(give_up);
  return options;
}

}  // namespace

PyPublisher::PyPublisher(std::shared_ptr<PyContext> context, const std::string& stream, PublisherOptions options)
    : context_(std::move(context)), block_limit_(options.block_limit), linger_(options.linger) {
  options = without_linger(std::move(options), [this] { return gives_up(); });
  const std::shared_ptr<Context> open = context_->open();
  const Unlocked unlocked;
  publisher_ = std::make_shared<Publisher>(*open, stream, std::move(options));
}

std::shared_ptr<PyPublisher> PyPublisher::create(std::shared_ptr<PyContext> context, const std::string& stream,
                                                 PublisherOptions options) {
  if (!context) context = PyContext::create();
  std::shared_ptr<PyPublisher> publisher(new PyPublisher(context, stream, std::move(options)));
  context->add(publisher);
  return publisher;
}

PyPublisher::~PyPublisher() { end_quietly(); }

void PyPublisher::close() {
  const std::shared_ptr<PyPublisher> self = shared_from_this();
  end();
}

void PyPublisher::end() {
  if (!maker_.is_this_process()) return publisher_.reset();  // nobody's turn: the threads are the parent's
  if (turns_.is_ours()) {
    close_later_ = !ending_;
    return;
  }
  struct Wanted {
    std::atomic<int>& count;
    explicit Wanted(std::atomic<int>& closing) : count(closing) { ++count; }
    ~Wanted() { --count; }
    Wanted(const Wanted&) = delete;
    Wanted& operator=(const Wanted&) = delete;
  };
  const Wanted wanted(closing_);
  const Turn turn(turns_);
  if (!publisher_) return;
  ending_ = true;
  {
    const Unlocked unlocked;
    static_cast<void>(publisher_->finish(linger_));
  }
  auto leaving = std::exchange(publisher_, nullptr);  // with the GIL, as it is looked at
  {
    const Unlocked unlocked;
    leaving.reset();
  }
  ending_ = false;
  raise_interruption();
}

// Whatever is on its way meanwhile stays so.
void PyPublisher::end_quietly() noexcept {
  const bool interrupted = std::exchange(interrupted_, false);
  const py::error_scope kept;
  try {
    end();
  } catch (py::error_already_set& error) {
    error.discard_as_unraisable("the end of an arraywire.Publisher");
  }
  interrupted_ = interrupted;
}

const Publisher& PyPublisher::open() const {
  maker_.require("a Publisher");
  if (!publisher_) raise("Closed", "this publisher was closed");
  return *publisher_;
}

// While publish, finish and wait_for_subscribers wait, without the GIL.
bool PyPublisher::gives_up() noexcept {
  if (closing_ > 0 && !ending_) return true;
  if (_Py_IsFinalizing() != 0) return false;  // nobody handles signals any more
  const PyGILState_STATE gil = PyGILState_Ensure();
  if (!interrupted_) interrupted_ = PyErr_CheckSignals() != 0;  // what is raised stays with this thread
  PyGILState_Release(gil);
  return interrupted_ || close_later_;
}

void PyPublisher::raise_interruption() {
  if (std::exchange(interrupted_, false)) throw py::error_already_set();
}

struct PyPublisher::AfterTurn {
  PyPublisher& publisher;
  ~AfterTurn() {
    if (std::exchange(publisher.close_later_, false)) publisher.end_quietly();
  }
};

// `call` gets the publisher, in its turn, without the GIL. Throws Closed, Timeout. Whether a signal handler has raised meanwhile
// is the caller's to ask, before it raises anything else.
template <class Call> auto PyPublisher::unlocked(Call call, Clock::time_point deadline) {
  static_cast<void>(open());
  const CallsInside::Call inside(context_->calls());
  const AfterTurn after{*this};
  const Turn turn(turns_, deadline);
  static_cast<void>(open());  // closed while its turn was waited for
  const Unlocked unlocked;
  return call(*publisher_);
}

Loan PyPublisher::take_slot(const std::vector<ArraySpec>& specs, std::chrono::nanoseconds timeout) {
  const auto deadline = deadline_after(timeout);
  for (std::chrono::nanoseconds slice{};; slice = slice_before(deadline)) {
    auto loan = unlocked([&](Publisher& p) { return p.loan(specs, slice); }, std::max(deadline, Clock::now() + slice));
    if (loan) return std::move(*loan);
    if (loan.error() != LoanError::Exhausted || Clock::now() >= deadline) raise(loan.error());
    check_signals();
  }
}

std::unique_ptr<PyLoan> PyPublisher::loan(const std::vector<ArraySpec>& specs, std::chrono::nanoseconds timeout,
                                          py::dict metadata) {
  return std::make_unique<PyLoan>(shared_from_this(), take_slot(specs, timeout), std::move(metadata));
}

Published PyPublisher::publish(PyLoan& loan, const py::object& metadata) {
  if (&loan.publisher() != this) raise("InvalidArgument", "this loan is another publisher's");
  Metadata said;
  apply(loan.metadata, said);
  apply(metadata, said);
  PyLoan::Contents contents = loan.take_out();
  try {
    const auto result = unlocked([&](Publisher& p) { return p.publish(std::move(contents.memory->loan), said); });
    raise_interruption();
    if (!result) raise(result.error());
    return *result;
  } catch (...) {
    if (contents.memory->loan) loan.put_back(std::move(contents));
    throw;
  }
}

Published PyPublisher::publish_copy(const std::vector<Elements>& arrays, const Metadata& metadata) {
  std::vector<ArraySpec> specs;
  for (const Elements& array : arrays) specs.push_back(packed_spec(array));
  Loan loan = take_slot(specs, block_limit_);
  const py::object copyto = py::module_::import("numpy").attr("copyto");
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const py::array target = array_over(loan.array(i), py::none());
    copyto(target, arrays[i].array, "equiv");
  }
  auto result = unlocked([&](Publisher& p) { return p.publish(std::move(loan), metadata); });
  raise_interruption();
  if (!result) raise(result.error());
  result->copies += static_cast<std::uint32_t>(arrays.size());
  copies_ += arrays.size();
  return *result;
}

Published PyPublisher::publish_borrowed(const py::object& what, std::vector<Elements> arrays, const Metadata& metadata,
                                        const py::object& release) {
  if (!release.is_none() && PyCallable_Check(release.ptr()) == 0) raise("InvalidArgument", "release cannot be called");
  std::vector<ConstArrayView> views;
  for (const Elements& array : arrays) views.push_back(view_of(array));
  auto lent = std::make_unique<Lent>(context_->callbacks(), what, release, std::move(arrays));
  std::vector<Borrowed> borrowed = lent->borrow(views);
  try {
    const auto result = unlocked([&](Publisher& p) { return p.publish(std::span(borrowed), metadata); });
    if (result) static_cast<void>(lent.release());  // it is the queue's now
    raise_interruption();
    if (!result) raise(result.error());
    return *result;
  } catch (...) {
    if (lent) lent->not_sent();
    borrowed.clear();
    throw;
  }
}

void PyPublisher::wait_for_subscribers(std::size_t count, std::chrono::nanoseconds timeout) {
  const auto deadline = deadline_after(timeout);
  const bool there = unlocked([&](Publisher& p) { return p.wait_for_subscribers(count, left_until(deadline)); }, deadline);
  raise_interruption();
  if (there) return;
  if (!publisher_ || closing_ > 0) raise("Closed", "closed while waiting for subscribers");
  if (context_->stopped()) raise("Stopped", "stopped while waiting for subscribers");
  raise("Timeout", "fewer than " + std::to_string(count) + " subscribers came in time");
}

void PyPublisher::reserve(const std::vector<ArraySpec>& specs, std::size_t slots) {
  unlocked([&](Publisher& p) { p.reserve(specs, slots); });
}

FinishReport PyPublisher::finish(std::chrono::nanoseconds timeout) {
  const auto deadline = deadline_after(timeout);
  FinishReport report = unlocked([&](Publisher& p) { return p.finish(left_until(deadline)); }, deadline);
  raise_interruption();
  return report;
}

bool PyPublisher::copies_borrowed() {
  return unlocked([](Publisher& p) { return p.copies_borrowed(); });
}

PublisherStatistics PyPublisher::statistics() const {
  PublisherStatistics s = open().statistics();
  s.copies += copies_;
  return s;
}

// ---- the Python type

namespace {

std::vector<Elements> elements_of_message(const py::object& what) {
  if (py::isinstance<PySample>(what)) return py::cast<const PySample&>(what).elements();
  if (!py::isinstance<py::list>(what) && !py::isinstance<py::tuple>(what)) return {elements_of(what)};
  std::vector<Elements> all;
  for (const py::handle array : what) all.push_back(elements_of(py::reinterpret_borrow<py::object>(array)));
  return all;
}

py::object publish(PyPublisher& self, const py::object& what, const py::object& metadata, bool borrow,
                   const py::object& release) {
  if (!borrow && !release.is_none()) raise("InvalidArgument", "release is for borrow=True");
  if (py::isinstance<PyLoan>(what)) {
    if (borrow) raise("InvalidArgument", "a loan is not borrowed: publish it as it is");
    return to_python(self.publish(py::cast<PyLoan&>(what), metadata));
  }
  Metadata said;
  apply(metadata, said);
  auto elements = elements_of_message(what);
  if (!borrow) return to_python(self.publish_copy(elements, said));
  return to_python(self.publish_borrowed(what, std::move(elements), said, release));
}

ArraySpec spec_from(const py::object& shape, const py::object& dtype) {
  return {.dtype = dtype_from(dtype), .shape = shape_from(shape)};
}

using Arrays = std::vector<std::pair<py::object, py::object>>;  // shapes and dtypes

std::vector<ArraySpec> specs_from(const Arrays& arrays) {
  std::vector<ArraySpec> specs;
  for (const auto& [shape, dtype] : arrays) specs.push_back(spec_from(shape, dtype));
  return specs;
}

py::dict dictionary(const py::object& metadata) { return metadata.is_none() ? py::dict() : py::dict(metadata); }

using Seconds = std::optional<double>;

std::shared_ptr<PyPublisher> make(const std::string& stream, const std::shared_ptr<PyContext>& context,
                                  const std::vector<std::string>& listen, const std::string& delivery, std::uint32_t history,
                                  Seconds block_limit, std::size_t max_memory_bytes, const std::string& lane,
                                  const Names& allow_users, const Names& allow_groups, bool checksum, Seconds linger,
                                  const py::object& metadata) {
  PublisherOptions options{.listen = listen,
                           .delivery = delivery_from(delivery),
                           .history = history,
                           .block_limit = nanoseconds_of(block_limit),
                           .max_memory_bytes = max_memory_bytes,
                           .lane = lane_from(lane),
                           .allow = accounts_from(allow_users, allow_groups),
                           .checksum = checksum,
                           .linger = nanoseconds_of(linger)};
  apply(metadata, options.metadata);
  return PyPublisher::create(context, stream, std::move(options));
}

}  // namespace

void define_publisher(py::module_& module) {
  using namespace py::literals;
  py::class_<PyPublisher, std::shared_ptr<PyPublisher>>(module, "Publisher")
      .def(py::init(&make), "stream"_a, "context"_a = py::none(), py::kw_only(), "listen"_a = py::tuple(),
           "delivery"_a = "fan-out", "history"_a = 0, "block_limit"_a = 1.0, "max_memory_bytes"_a = 0, "lane"_a = "auto",
           "allow_users"_a = py::tuple(), "allow_groups"_a = py::tuple(), "checksum"_a = false, "linger"_a = 2.0,
           "metadata"_a = py::none())
      .def(
          "loan",
          [](PyPublisher& self, const py::object& shape, const py::object& dtype, Seconds timeout, const py::object& metadata) {
            return self.loan({spec_from(shape, dtype)}, nanoseconds_of(timeout), dictionary(metadata));
          },
          "shape"_a, "dtype"_a, py::kw_only(), "timeout"_a = py::none(), "metadata"_a = py::none())
      .def(
          "loan_many",
          [](PyPublisher& self, const Arrays& arrays, Seconds timeout, const py::object& metadata) {
            return self.loan(specs_from(arrays), nanoseconds_of(timeout), dictionary(metadata));
          },
          "arrays"_a, py::kw_only(), "timeout"_a = py::none(), "metadata"_a = py::none())
      .def("publish", &publish, "what"_a, "metadata"_a = py::none(), py::kw_only(), "borrow"_a = false, "release"_a = py::none())
      .def(
          "wait_for_subscribers",
          [](PyPublisher& self, std::size_t count, Seconds timeout) {
            self.wait_for_subscribers(count, nanoseconds_of(timeout));
          },
          "count"_a = 1, "timeout"_a = py::none())
      .def(
          "reserve",
          [](PyPublisher& self, const py::object& shape, const py::object& dtype, std::size_t slots) {
            self.reserve({spec_from(shape, dtype)}, slots);
          },
          "shape"_a, "dtype"_a, "slots"_a)
      .def(
          "reserve_many",
          [](PyPublisher& self, const Arrays& arrays, std::size_t slots) { self.reserve(specs_from(arrays), slots); }, "arrays"_a,
          "slots"_a)
      .def(
          "finish", [](PyPublisher& self, Seconds timeout) { return to_python(self.finish(nanoseconds_of(timeout))); },
          "timeout"_a = py::none())
      .def("copies_borrowed", &PyPublisher::copies_borrowed)
      .def("statistics", [](const PyPublisher& self) { return to_python(self.statistics()); })
      .def_property_readonly("stream", [](const PyPublisher& self) { return self.open().stream(); })
      .def_property_readonly("endpoints", [](const PyPublisher& self) { return self.open().endpoints(); })
      .def("close", &PyPublisher::close)
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](PyPublisher& self, const py::args&) { self.close(); });
}

}  // namespace arraywire::python
