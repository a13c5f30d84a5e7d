// A received, read-only message.
#pragma once

#include "arraywire/export.hpp"
#include "arraywire/metadata.hpp"
#include "arraywire/policy.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace arraywire {

namespace transport {
class Received;
}

// Ownership: move-only; dropping it releases it, or rejects it where an exception drops it (while its thread unwinds; not in a
// handler): what it was needed for failed. So release() what is done before something else may throw. Lifetime: may outlive
// Subscriber and Context; stays readable whatever the publisher does. Threads: one at a time; released on any thread.
class ARRAYWIRE_API Sample {
 public:
  Sample(Sample&& other) noexcept : received_(std::exchange(other.received_, nullptr)) {}
  Sample& operator=(Sample&& other) noexcept {
    Sample taken(std::move(other));  // what was here is dropped here, and not with `other`, later
    std::swap(received_, taken.received_);
    return *this;
  }
  ~Sample() {
    if (received_ != nullptr) drop();
  }

  explicit operator bool() const noexcept { return received_ != nullptr; }  // false once released, rejected or moved from
  const MessageInfo& info() const& noexcept;
  const MessageInfo& info() const&& = delete;
  Lane lane() const noexcept;
  std::size_t size() const noexcept;  // arrays
  // Valid while this sample is. Throws Error for an index or name that is not there.
  ConstArrayView array(std::size_t index = 0) const&;
  ConstArrayView array(std::string_view name) const&;
  ConstArrayView array(std::size_t index = 0) const&& = delete;  // a view of a temporary sample would dangle
  ConstArrayView array(std::string_view name) const&& = delete;

  // Reads every byte. True when the payload matches its checksum, false when it does not, or when there is none
  // (info().has_checksum tells which).
  bool verify() const;
  void release() noexcept;  // idempotent
  // Distribute: give it to another worker. FanOut: as release.
  void reject() noexcept;

 private:
  friend class Subscriber;
  explicit Sample(transport::Received* received) noexcept : received_(received) {}

  void drop() noexcept;

  transport::Received* received_ = nullptr;
};
static_assert(!std::is_copy_constructible_v<Sample> && std::is_nothrow_move_constructible_v<Sample>);

}  // namespace arraywire
