#include "lent.hpp"

#include <cstddef>
#include <map>
#include <utility>

namespace arraywire::python {

namespace {

// An array may be lent several times at once, by several publishers. Needs the GIL.
struct Loans {
  std::size_t count = 0;
  bool was_writable = false;
};
std::map<PyObject*, Loans>& lent_arrays() {                      // whoever lends keeps the array alive
  static auto* const arrays = new std::map<PyObject*, Loans>();  // never destroyed: what is lent may come back after all else
  return *arrays;
}

void lend(const py::array& array) {
  Loans& loans = lent_arrays()[array.ptr()];
  if (loans.count++ > 0) return;
  loans.was_writable = is_writable(array);
  set_writable(array, false);
}

void give_back(const py::array& array) noexcept {
  const auto found = lent_arrays().find(array.ptr());
  if (found == lent_arrays().end() || --found->second.count > 0) return;
  if (found->second.was_writable) set_writable(array, true);
  lent_arrays().erase(found);
}

}  // namespace

bool is_lent(const py::array& array) { return lent_arrays().contains(array.ptr()); }

Lent::Lent(std::shared_ptr<CallbackQueue> queue, py::object what, py::object release, std::vector<Elements> elements)
    : queue_(std::move(queue)), what_(std::move(what)), release_(std::move(release)), elements_(std::move(elements)) {
  for (const Elements& e : elements_) lend(e.array);
  queue_->lend();
}

Lent::~Lent() {
  for (const Elements& e : elements_) give_back(e.array);
  queue_->take_back();
}

std::vector<Borrowed> Lent::borrow(std::span<const ConstArrayView> views) {
  out_.store(views.size());
  std::vector<Borrowed> borrowed;
  borrowed.reserve(views.size());
  for (const ConstArrayView& view : views) borrowed.emplace_back(view, FreeCallback{.run = array_is_back, .hint = this});
  return borrowed;
}

void Lent::array_is_back(void* hint) noexcept {
  auto& lent = *static_cast<Lent*>(hint);
  if (lent.out_.fetch_sub(1) > 1 || !lent.sent_) return;
  const std::shared_ptr<CallbackQueue> queue = lent.queue_;  // it may delete `lent` at once
  queue->given_back(lent);
}

void Lent::release() {
  for (const Elements& e : elements_) give_back(e.array);
  elements_.clear();  // writable again before anybody is told
  if (!release_.is_none()) release_(what_);
}

}  // namespace arraywire::python
