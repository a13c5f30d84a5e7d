#include "arraywire/metadata.hpp"

#include <algorithm>
#include <utility>

namespace arraywire {

AttributeValue& Attributes::slot_for(std::string_view key) {
  const auto live_end = entries_.begin() + static_cast<std::ptrdiff_t>(size_);
  const auto found = std::find_if(entries_.begin(), live_end, [key](const Entry& entry) { return entry.key == key; });
  if (found != live_end) return found->value;
  if (size_ == entries_.size()) entries_.emplace_back();
  Entry& entry = entries_[size_];
  entry.key.assign(key);
  ++size_;  // last, so that a failed allocation leaves no half-made entry
  return entry.value;
}

void Attributes::set(std::string_view key, bool value) { slot_for(key) = value; }
void Attributes::set(std::string_view key, std::int64_t value) { slot_for(key) = value; }
void Attributes::set(std::string_view key, double value) { slot_for(key) = value; }

void Attributes::set(std::string_view key, std::string_view value) {
  AttributeValue& slot = slot_for(key);
  if (auto* text = std::get_if<std::string>(&slot)) {
    text->assign(value);
  } else {
    slot.emplace<std::string>(value);
  }
}

const AttributeValue* Attributes::find(std::string_view key) const noexcept {
  const Entry* found = std::find_if(begin(), end(), [key](const Entry& entry) { return entry.key == key; });
  return found == end() ? nullptr : &found->value;
}

bool Attributes::erase(std::string_view key) noexcept {
  const auto live_end = entries_.begin() + static_cast<std::ptrdiff_t>(size_);
  const auto found = std::find_if(entries_.begin(), live_end, [key](const Entry& entry) { return entry.key == key; });
  if (found == live_end) return false;
  std::rotate(found, found + 1, live_end);  // keeps the order of the others, and this one's memory for the next key
  --size_;
  return true;
}

}  // namespace arraywire
