// Loan in Python.
#pragma once

#include "arrays.hpp"

#include <arraywire/loan.hpp>

#include <pybind11/pybind11.h>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace arraywire::python {

class PyPublisher;

// Ownership: the slot belongs to this and to the arrays over it, until it is published; then, if the application has kept one of
// `array(i)`, to those. With the GIL.
// How other views are seen: every array that the application gets is a view of a hidden one. NumPy makes the hidden one the base
// of each view of a view, too, so that its reference count is the number of views.
class PyLoan {
 public:
  PyLoan(std::shared_ptr<PyPublisher> publisher, Loan&& loan, py::dict metadata);

  py::array array(std::size_t index);
  py::array exported();  // a view of its own, for the buffer protocol and DLPack
  py::tuple arrays();
  DType dtype(std::size_t index) const { return loan().array(index).dtype(); }
  std::size_t size() const { return loan().size(); }
  bool empty() const noexcept { return memory_ == nullptr; }
  void respec(std::size_t index, const ArraySpec& spec);
  void discard() noexcept;
  PyPublisher& publisher() const noexcept { return *publisher_; }

  py::object metadata;

  // What the arrays keep alive: the loan, or, once it is published and somebody has its array, the slot.
  struct Memory {
    explicit Memory(Loan&& given) noexcept : loan(std::move(given)) {}
    Loan loan;
    std::shared_ptr<const void> pin{};
  };
  struct View {
    py::array hidden;
    py::array array;
  };
  struct Contents {
    std::shared_ptr<Memory> memory;
    std::vector<std::unique_ptr<View>> views;
  };
  // For publish, which nobody else disturbs meanwhile. Throws Closed, ViewsExist; else the arrays are read-only from now on.
  Contents take_out();
  void put_back(Contents&& contents) noexcept;  // nothing was sent

 private:
  const Loan& loan() const;  // throws Closed
  View& view(std::size_t index);
  void require_no_other_views(bool own_too) const;

  const std::shared_ptr<PyPublisher> publisher_;
  std::shared_ptr<Memory> memory_;
  std::vector<std::unique_ptr<View>> views_;  // null: not asked for yet
};

void define_loan(py::module_& module);

}  // namespace arraywire::python
