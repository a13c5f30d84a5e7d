#include "arraywire/loan.hpp"

#include "arraywire/error.hpp"
#include "memory/slot.hpp"

#include <string>

namespace arraywire {

namespace {

[[noreturn]] void throw_empty() {
  throw Error(ErrorCode::InvalidArgument, "this loan is empty: it was published, moved from or never given");
}

memory::Placement& placement(memory::Slot* slot, std::size_t index) {
  if (slot == nullptr) throw_empty();
  if (index >= slot->layout().size()) {
    throw Error(ErrorCode::InvalidArgument,
                "array " + std::to_string(index) + " of a loan of " + std::to_string(slot->layout().size()));
  }
  return slot->layout()[index];
}

}  // namespace

Loan::~Loan() {
  if (slot_ != nullptr) slot_->drop();
}

std::size_t Loan::size() const noexcept { return slot_ == nullptr ? 0 : slot_->layout().size(); }

ArrayView Loan::array(std::size_t index) const& {
  const memory::Placement& placed = placement(slot_, index);
  return {placed.spec, slot_->bytes().subspan(placed.offset_bytes, placed.capacity_bytes)};
}

void Loan::respec(std::size_t index, const ArraySpec& spec) {
  memory::Placement& placed = placement(slot_, index);
  if (checked_extent_bytes(spec) > placed.capacity_bytes) {
    throw Error(ErrorCode::InvalidArgument, "respec: " + to_string(spec) + " does not fit the " +
                                                std::to_string(placed.capacity_bytes) + " bytes that were loaned for array " +
                                                std::to_string(index));
  }
  placed.spec = spec;
}

std::shared_ptr<const void> Loan::pin() const {
  if (slot_ == nullptr) throw_empty();
  return std::make_shared<const memory::Reference>(slot_);
}

Borrowed keep(const ConstArrayView& view, std::shared_ptr<const void> owner) {
  using Owner = std::shared_ptr<const void>;
  auto* held = new Owner(std::move(owner));
  return {view, {[](void* hint) noexcept { delete static_cast<Owner*>(hint); }, held}};
}

}  // namespace arraywire
