// The sessions that ended last: what still comes from one was on its way, and is no fault of the peer.
#pragma once

#include "core/ids.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace arraywire::transport {

class FormerSessions {
 public:
  void add(Id session) noexcept {
    if (!session || contains(session)) return;
    sessions_[next_] = session;
    next_ = (next_ + 1) % sessions_.size();
  }
  bool contains(Id session) const noexcept {
    return session && std::find(sessions_.begin(), sessions_.end(), session) != sessions_.end();
  }

 private:
  std::array<Id, 64> sessions_{};
  std::size_t next_ = 0;
};

}  // namespace arraywire::transport
