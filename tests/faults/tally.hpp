// What a consumer of a fan-out stream got, held against what it was promised.
#pragma once

#include "faults/scene.hpp"

#include <cstdint>
#include <string>

namespace faults {

class Tally {
 public:
  void add(const arraywire::Sample& sample) {
    const arraywire::MessageInfo& info = sample.info();
    if (info.gap_before || ended_) last_ = 0;
    if (info.sequence <= last_) ++disorder_;
    if (last_ != 0 && info.sequence - last_ - 1 != info.missed_before) ++unaccounted_;
    if (!intact(sample)) ++damaged_;
    if (taken_++ == 0) base_ = info.sequence - 1 - info.missed_before;
    last_ = info.sequence;
    ended_ = false;
  }
  void ended() {
    ended_ = true;
    ++ends_;
  }
  bool at_end() const { return ended_; }  // the last thing that came was an End
  std::uint64_t taken() const { return taken_; }
  std::uint64_t base() const { return base_; }  // the sequence number from which on everything is taken or missed
  std::uint64_t last() const { return last_; }
  std::uint64_t disorder() const { return disorder_; }        // not newer than the one before, in one epoch
  std::uint64_t unaccounted() const { return unaccounted_; }  // missed_before was not what the sequence numbers say
  std::uint64_t damaged() const { return damaged_; }
  bool faultless() const { return disorder_ == 0 && unaccounted_ == 0 && damaged_ == 0; }
  std::string text() const {
    return "taken=" + std::to_string(taken_) + " base=" + std::to_string(base_) + " last=" + std::to_string(last_) +
           " faults=" + std::to_string(disorder_ + unaccounted_ + damaged_) + " ends=" + std::to_string(ends_);
  }

 private:
  std::uint64_t taken_ = 0, base_ = 0, last_ = 0, ends_ = 0;
  std::uint64_t disorder_ = 0, unaccounted_ = 0, damaged_ = 0;
  bool ended_ = false;
};

}  // namespace faults
