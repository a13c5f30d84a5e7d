// Many descriptors behind one.
#pragma once

#include "memory/descriptor.hpp"

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace arraywire::memory {

// An epoll descriptor: readable while any of the watched ones is ready. For owners whose descriptors come and go, where whoever
// waits for them wants one that stays. Threads: any. In a forked child, which shares it with us, it does nothing.
class PollSet {
 public:
  PollSet();  // throws Error
  PollSet(const PollSet&) = delete;
  PollSet& operator=(const PollSet&) = delete;

  int descriptor() const noexcept { return epoll_.get(); }
  // The keys of those that are ready now, as many as `keys` holds; the others next time. Does not wait.
  std::size_t ready(std::span<std::uint64_t> keys) const noexcept;

 private:
  friend class Watch;
  bool change(int operation, int descriptor, std::uint64_t key, std::uint32_t events) const noexcept;

  Descriptor epoll_;
  pid_t owner_;
};

// One descriptor watched, until this goes. It must go before the descriptor is closed: while a forked child has a copy of that,
// the kernel would go on reporting it, and nobody could take it out any more.
class Watch {
 public:
  enum class For : std::uint8_t { Nothing, Reading, ReadingAndWriting };

  Watch() noexcept = default;
  Watch(std::shared_ptr<PollSet> polled, int descriptor, std::uint64_t key) noexcept;
  Watch(Watch&& other) noexcept
      : polled_(std::move(other.polled_)), descriptor_(other.descriptor_), key_(other.key_), for_(other.for_) {}
  Watch& operator=(Watch&& other) noexcept;
  ~Watch();
  explicit operator bool() const noexcept { return polled_ != nullptr; }  // false: the kernel had no room for it
  void watch_for(For what) noexcept;                                      // at first: reading

 private:
  std::shared_ptr<PollSet> polled_{};
  int descriptor_ = -1;
  std::uint64_t key_ = 0;
  For for_ = For::Reading;
};

}  // namespace arraywire::memory
