#include "memory/inventory.hpp"

#include <algorithm>
#include <utility>

namespace arraywire::memory {
namespace {

constexpr std::size_t kSlackBytes = std::size_t{64} << 10;

std::size_t minus(std::size_t a, std::size_t b) noexcept { return a > b ? a - b : 0; }
// a + b >= c, without overflow.
bool reaches(std::size_t a, std::size_t b, std::size_t c) noexcept { return a >= c || b >= c - a; }

}  // namespace

void Inventory::begin_take(Removal& removal) noexcept {
  ++takes_;
  for (std::size_t i = slots_.size(); i-- > 0;) {  // backwards: remove() moves the last one to i
    const Slot& slot = *slots_[i];
    if (!slot.used_ && !slot.reserved_ && takes_ - slot.wanted_ > kUnusedTakes) remove(i, removal);
  }
}

void Inventory::use(Slot& slot) noexcept {
  slot.used_ = true;
  ++used_;
}

Slot* Inventory::take_suitable(std::size_t size) noexcept {
  Slot* best = nullptr;
  for (const auto& slot : slots_) {
    const std::size_t capacity = slot->bytes().size();
    if (slot->used_ || capacity < size || !reaches(size + kSlackBytes, size, capacity)) continue;
    slot->wanted_ = takes_;
    if (best == nullptr || capacity < best->bytes().size() ||
        (capacity == best->bytes().size() && slot->reserved_ && !best->reserved_)) {
      best = slot.get();
    }
  }
  if (best != nullptr) use(*best);
  return best;
}

Slot* Inventory::take_any(std::size_t size) noexcept {
  Slot* best = nullptr;
  for (const auto& slot : slots_) {
    if (slot->used_ || slot->bytes().size() < size) continue;
    if (best == nullptr || slot->bytes().size() < best->bytes().size()) best = slot.get();
  }
  if (best != nullptr) use(*best);
  return best;
}

std::size_t Inventory::longest_unwanted(bool handed_over) const noexcept {
  std::size_t found = slots_.size();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = *slots_[i];
    if (slot.used_ || slot.reserved_ || (slot.handed_over_ != 0) != handed_over) continue;
    if (found == slots_.size() || slot.wanted_ < slots_[found]->wanted_) found = i;
  }
  return found;
}

void Inventory::remove(std::size_t index, Removal& removal) noexcept {
  Slot& slot = *slots_[index];
  const std::size_t capacity = slot.bytes().size();
  if (slot.handed_over_ == 0) {
    removal.uncount_bytes += capacity;
  } else {
    retired_.push_back({.id = slot.id(), .bytes = capacity, .sessions = slot.handed_over_});
    retired_unannounced_.push_back(slot.id());
    removal.retired = true;
  }
  slot.next_ = std::move(removal.first);
  removal.first = std::move(slots_[index]);
  std::swap(slots_[index], slots_.back());
  slots_.pop_back();
}

// After a shortage at least something: if it was not of memory, then of descriptors.
std::size_t Inventory::bytes_to_free(std::size_t size, const Shortage& shortage) const noexcept {
  const std::size_t over = minus(counted_bytes_ + size, limit_bytes_);
  if (!shortage.happened) return over;
  return std::max({over, minus(size, shortage.backing_bytes), std::size_t{1}});
}

std::uint64_t Inventory::count_new(std::size_t size, const Shortage& shortage, Removal& removal) noexcept {
  const std::size_t wanted = bytes_to_free(size, shortage);
  std::size_t removable = 0;
  for (const auto& slot : slots_) {
    if (!slot->used_ && !slot->reserved_ && slot->handed_over_ == 0) removable += slot->bytes().size();
  }
  if (removable < wanted) return 0;  // removing all of them would help nobody
  while (removal.uncount_bytes < wanted) remove(longest_unwanted(false), removal);
  // What the removed ones counted passes to the new one, which is created after they are destroyed.
  const std::size_t passed = std::min(removal.uncount_bytes, size);
  removal.uncount_bytes -= passed;
  counted_bytes_ += size - passed;
  return ++last_id_;
}

Slot* Inventory::add(std::unique_ptr<Slot> slot, bool used, bool reserved) {
  retired_.reserve(retired_.size() + slots_.size() + 1);
  retired_unannounced_.reserve(retired_unannounced_.size() + slots_.size() + 1);
  slots_.push_back(std::move(slot));
  Slot& added = *slots_.back();
  added.wanted_ = takes_;
  added.reserved_ = reserved;
  if (used) use(added);
  return &added;
}

void Inventory::retire_for(std::size_t size, const Shortage& shortage, Removal& removal) noexcept {
  std::size_t coming = 0;
  for (const Retired& retired : retired_) coming += retired.bytes;
  const std::size_t wanted = bytes_to_free(size, shortage);
  while (coming < wanted) {
    const std::size_t index = longest_unwanted(true);
    if (index == slots_.size()) return;
    coming += slots_[index]->bytes().size();
    remove(index, removal);
  }
}

bool Inventory::may_come(std::size_t size, const Shortage& shortage) const noexcept {
  std::size_t pinned = 0;
  for (const auto& slot : slots_) {
    if (slot->bytes().size() >= size) return true;  // in use now, else it would have been taken
    if (slot->reserved_) pinned += slot->bytes().size();
  }
  if (minus(limit_bytes_, pinned) < size) return false;
  const std::size_t can_go = minus(counted_bytes_, pinned);
  return !shortage.happened || (can_go > 0 && reaches(can_go, shortage.backing_bytes, size));
}

void Inventory::put_back(Slot& slot) noexcept {
  slot.used_ = false;
  slot.wanted_ = takes_;
  --used_;
}

void Inventory::unreserve(Slot& slot, Removal& removal) noexcept {
  slot.reserved_ = false;
  const auto here = std::find_if(slots_.begin(), slots_.end(), [&](const auto& other) { return other.get() == &slot; });
  if (!slot.used_) remove(static_cast<std::size_t>(here - slots_.begin()), removal);
}

std::shared_ptr<const SlotFile> Inventory::hand_over(Slot& slot) noexcept {
  ++slot.handed_over_;
  return slot.file_;
}

std::vector<std::shared_ptr<const SlotFile>> Inventory::hand_over_all() {
  std::vector<std::shared_ptr<const SlotFile>> files;
  files.reserve(slots_.size());
  for (const auto& slot : slots_) files.push_back(hand_over(*slot));
  return files;
}

bool Inventory::unmapped(std::uint64_t id) noexcept {
  for (const auto& slot : slots_) {
    if (slot->id() != id) continue;
    if (slot->handed_over_ > 0) --slot->handed_over_;
    return false;
  }
  const auto retired = std::find_if(retired_.begin(), retired_.end(), [&](const Retired& r) { return r.id == id; });
  if (retired == retired_.end() || --retired->sessions > 0) return false;
  uncount(retired->bytes);
  retired_.erase(retired);
  return true;
}

void Inventory::collect_retired(std::vector<std::uint64_t>& ids) {
  ids.insert(ids.end(), retired_unannounced_.begin(), retired_unannounced_.end());
  retired_unannounced_.clear();
}

std::size_t Inventory::reserved_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const auto& slot : slots_) bytes += slot->reserved_ ? slot->bytes().size() : 0;
  return bytes;
}

}  // namespace arraywire::memory
