// Losses before the producer: its source's own numbers jump further than the stream's.
#pragma once

#include "arraywire/metadata.hpp"

#include <cstdint>
#include <optional>

namespace arraywire::consumer {

// Messages that were published and missed advance both numbers alike, so they are no gaps of the source; nor is the order of
// messages that are distributed among several consumers.
class SourceGaps {
 public:
  void see(const MessageInfo& info) noexcept {
    if (!info.frame_id) return;
    const bool same_epoch = last_ && !info.gap_before && info.sequence > last_->sequence;
    if (same_epoch && *info.frame_id > last_->frame_id && *info.frame_id - last_->frame_id > info.sequence - last_->sequence)
      ++count_;
    last_ = Seen{*info.frame_id, info.sequence};
  }
  void new_stream() noexcept { last_.reset(); }
  std::uint64_t count() const noexcept { return count_; }

 private:
  struct Seen {
    std::uint64_t frame_id = 0;
    std::uint64_t sequence = 0;
  };
  std::optional<Seen> last_{};
  std::uint64_t count_ = 0;
};

}  // namespace arraywire::consumer
