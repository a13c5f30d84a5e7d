// Memory on its way to a publisher: loans (ours, writable) and borrowed memory (yours, with a free callback).
#pragma once

#include "arraywire/array_view.hpp"
#include "arraywire/export.hpp"
#include "arraywire/free_callback.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace arraywire {

namespace memory {
class Pool;
class Slot;
}  // namespace memory
class Publisher;

// A writable, unpublished slot. Its contents are unspecified until written. Dropping it gives the slot back; publishing
// empties it. Ownership: move-only. Lifetime: may outlive Publisher and Context. Threads: one at a time, any thread.
class ARRAYWIRE_API Loan {
 public:
  Loan() noexcept = default;
  Loan(Loan&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
  Loan& operator=(Loan&& other) noexcept {
    std::swap(slot_, other.slot_);
    return *this;
  }
  ~Loan();

  explicit operator bool() const noexcept { return slot_ != nullptr; }
  std::size_t size() const noexcept;  // arrays in the message
  // 64-byte aligned. Valid while this loan is. Throws Error for an index that is not there.
  ArrayView array(std::size_t index = 0) const&;
  ArrayView array(std::size_t index = 0) const&& = delete;  // a view of a temporary loan would dangle
  // Publish less, or something of another shape, than was loaned: the array keeps its place, so the new spec must fit the
  // bytes of the old one. Throws Error otherwise.
  void respec(std::size_t index, const ArraySpec& spec);
  // Another holder of the slot: until the last copy of what is returned is gone, the bytes stay where they are and are nobody
  // else's, also after publish, from when on they must not be written. Throws Error when the loan is empty.
  std::shared_ptr<const void> pin() const;

 private:
  friend class Publisher;
  explicit Loan(memory::Slot* slot) noexcept : slot_(slot) {}

  memory::Slot* slot_ = nullptr;  // owns one reference
};
static_assert(!std::is_copy_constructible_v<Loan> && std::is_nothrow_move_constructible_v<Loan>);

// Someone else's memory, lent until the callback runs. Move-only; runs the callback itself if nobody took it over.
class Borrowed {
 public:
  Borrowed(const ConstArrayView& view, FreeCallback callback) noexcept : view_(view), callback_(callback) {}
  Borrowed(Borrowed&& other) noexcept : view_(other.view_), callback_(std::exchange(other.callback_, {})) {}
  Borrowed& operator=(Borrowed&& other) noexcept {
    std::swap(view_, other.view_);
    std::swap(callback_, other.callback_);
    return *this;
  }
  ~Borrowed() {
    if (callback_.run != nullptr) callback_.run(callback_.hint);
  }
  const ConstArrayView& view() const noexcept { return view_; }

 private:
  friend class Publisher;
  ConstArrayView view_;
  FreeCallback callback_;
};

// Keeps `owner` alive until nothing can touch the bytes any more.
ARRAYWIRE_API Borrowed keep(const ConstArrayView& view, std::shared_ptr<const void> owner);

// Takes over a container that has data(), size() and a contiguous element type, and optionally shape(): std::vector,
// xt::xtensor, xt::xarray. Its memory is published as it is; the container dies when nothing can touch it any more.
template <class Container> Borrowed adopt(Container&& container) {
  static_assert(!std::is_lvalue_reference_v<Container>, "adopt takes ownership: pass std::move(container)");
  using T = std::remove_cvref_t<decltype(*container.data())>;
  auto owner = std::make_shared<const Container>(std::forward<Container>(container));
  Extents shape{static_cast<std::int64_t>(owner->size())};
  if constexpr (requires {
                  owner->shape();
                  owner->layout();
                }) {
    std::vector<std::int64_t> extents(owner->shape().begin(), owner->shape().end());
    shape = Extents(std::span<const std::int64_t>(extents));
    if (!(owner->layout() == std::remove_cvref_t<decltype(owner->layout())>::row_major)) {
      throw Error(ErrorCode::InvalidArgument, "adopt: the container is not row-major; describe it with keep() and stride_bytes");
    }
  }
  return arraywire::keep(view_of(std::span<const T>(owner->data(), owner->size()), shape), owner);
}

}  // namespace arraywire
