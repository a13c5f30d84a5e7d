// Result<T, E>: a value or a small enum that says why there is none.
#pragma once

#include <utility>
#include <variant>

namespace arraywire {

// What an operation on the hot path returns. Full, empty, timed out and ended are values, not exceptions.
// Reading value() of a failed result, or error() of a successful one, throws std::bad_variant_access.
template <class T, class E> class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) noexcept : state_(std::in_place_index<1>, error) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  E error() const { return std::get<1>(state_); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  // Of a result that has a name: what is reached through it (a sample's array) would not outlive one that has none.
  T* operator->() & { return &value(); }
  const T* operator->() const& { return &value(); }
  const T* operator->() const&& = delete;

 private:
  std::variant<T, E> state_;
};

}  // namespace arraywire
