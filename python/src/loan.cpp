#include "loan.hpp"

#include "dtypes.hpp"
#include "errors.hpp"
#include "lent.hpp"
#include "protocols.hpp"
#include "publisher.hpp"
#include "values.hpp"

#include <utility>

namespace arraywire::python {

namespace {

void set_writable(const std::vector<std::unique_ptr<PyLoan::View>>& views, bool writable) {
  for (const auto& view : views) {
    if (!view) continue;
    python::set_writable(view->hidden, writable);
    python::set_writable(view->array, writable);
  }
}

}  // namespace

PyLoan::PyLoan(std::shared_ptr<PyPublisher> publisher, Loan&& loan, py::dict said)
    : metadata(std::move(said)),
      publisher_(std::move(publisher)),
      memory_(std::make_shared<Memory>(std::move(loan))),
      views_(memory_->loan.size()) {}

const Loan& PyLoan::loan() const {
  if (!memory_) raise("Closed", "this loan was published or discarded");
  return memory_->loan;
}

PyLoan::View& PyLoan::view(std::size_t index) {
  if (index >= loan().size()) throw py::index_error("this loan has " + std::to_string(loan().size()) + " arrays");
  if (views_[index]) return *views_[index];
  using Owner = std::shared_ptr<Memory>;
  const py::capsule owner(new Owner(memory_), [](void* held) { delete static_cast<Owner*>(held); });
  const ArrayView bytes = loan().array(index);
  py::array hidden = array_over(bytes, owner);
  py::array array = array_over(bytes, hidden);
  views_[index] = std::make_unique<View>(View{std::move(hidden), std::move(array)});
  return *views_[index];
}

py::array PyLoan::array(std::size_t index) { return view(index).array; }
py::array PyLoan::exported() { return array_over(loan().array(0), view(0).hidden); }

py::tuple PyLoan::arrays() {
  py::tuple all(size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = array(i);
  return all;
}

void PyLoan::require_no_other_views(bool own_too) const {
  for (const auto& view : views_) {
    if (!view) continue;
    const auto others = Py_REFCNT(view->hidden.ptr()) - 2;  // ours, and loan.array's
    if (others > 0) {
      raise("ViewsExist", std::to_string(others) + " view(s) of loan.array are still there (a slice or a row in a variable, a " +
                              "memoryview of the loan): del them first");
    }
    if (own_too && Py_REFCNT(view->array.ptr()) > 1) raise("ViewsExist", "loan.array is in a variable: del that first");
  }
}

void PyLoan::respec(std::size_t index, const ArraySpec& spec) {
  static_cast<void>(loan());
  require_no_other_views(true);
  memory_->loan.respec(index, spec);
  views_[index].reset();
}

PyLoan::Contents PyLoan::take_out() {
  static_cast<void>(loan());
  require_no_other_views(false);
  for (const auto& view : views_) {
    if (!view) continue;
    if (is_lent(view->array)) raise("ViewsExist", "loan.array is lent (borrow=True)");
    if (!memory_->pin && Py_REFCNT(view->array.ptr()) > 1) memory_->pin = memory_->loan.pin();
  }
  Contents contents{std::exchange(memory_, nullptr), std::exchange(views_, {})};
  set_writable(contents.views, false);
  return contents;
}

void PyLoan::put_back(Contents&& contents) noexcept {
  set_writable(contents.views, true);
  memory_ = std::move(contents.memory);
  memory_->pin.reset();
  views_ = std::move(contents.views);
}

void PyLoan::discard() noexcept {
  views_.clear();
  memory_.reset();
}

void define_loan(py::module_& module) {
  using namespace py::literals;
  py::class_<PyLoan> type(module, "Loan", buffer_of([](PyObject* self) { return py::cast<PyLoan&>(self).exported(); }));
  type.def_readwrite("metadata", &PyLoan::metadata)
      .def_property_readonly("array", [](PyLoan& self) { return self.array(0); })
      .def_property_readonly("arrays", &PyLoan::arrays)
      .def_property_readonly("dtypes", [](const PyLoan& self) { return dtype_names(self); })
      .def(
          "respec",
          [](PyLoan& self, const py::object& shape, const py::object& dtype, std::size_t index) {
            const DType element = dtype.is_none() ? self.dtype(index) : dtype_from(dtype);
            self.respec(index, {.dtype = element, .shape = shape_from(shape)});
          },
          "shape"_a, "dtype"_a = py::none(), "index"_a = 0)
      .def(
          "publish", [](PyLoan& self, const py::object& metadata) { return to_python(self.publisher().publish(self, metadata)); },
          "metadata"_a = py::none())
      .def("discard", &PyLoan::discard)
      .def("__len__", &PyLoan::size)
      .def("__bool__", [](const PyLoan& self) { return !self.empty(); })
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](PyLoan& self, const py::object& kind, const py::object&, const py::object&) {
        if (!kind.is_none()) return self.discard();
        if (!self.empty()) static_cast<void>(self.publisher().publish(self, py::none()));
      });
  define_protocols(type);
}

}  // namespace arraywire::python
