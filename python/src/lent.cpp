#include "lent.hpp"

#include <utility>

namespace arraywire::python {

void LentArrays::lend(const py::array& array) {
  Count& count = counts_[array.ptr()];
  if (count.times++ > 0) return;
  count.was_writable = is_writable(array);
  set_writable(array, false);
}

void LentArrays::give_back(const py::array& array) noexcept {
  const auto found = counts_.find(array.ptr());
  if (found == counts_.end() || --found->second.times > 0) return;
  if (found->second.was_writable) set_writable(array, true);
  counts_.erase(found);
}

Lent::Lent(std::shared_ptr<CallbackQueue> queue, std::shared_ptr<LentArrays> arrays, py::object what, py::object release,
           std::vector<Elements> elements)
    : queue_(std::move(queue)),
      arrays_(std::move(arrays)),
      what_(std::move(what)),
      release_(std::move(release)),
      elements_(std::move(elements)) {
  for (const Elements& e : elements_) arrays_->lend(e.array);
  queue_->lend();
}

Lent::~Lent() {
  for (const Elements& e : elements_) arrays_->give_back(e.array);
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
  for (const Elements& e : elements_) arrays_->give_back(e.array);
  elements_.clear();  // writable again before anybody is told
  if (!release_.is_none()) release_(what_);
}

}  // namespace arraywire::python
