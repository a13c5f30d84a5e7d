#include "memory/waiters.hpp"

#include "arraywire/error.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace arraywire::memory {

Descriptor Waiters::begin() {
  waiting_.reserve(waiting_.size() + 1);
  spare_.reserve(waiting_.size() + std::max(spare_.size(), std::size_t{1}));
  Descriptor event;
  if (!spare_.empty()) {
    event = std::move(spare_.back());
    spare_.pop_back();
  } else {
    event = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event) throw Error(ErrorCode::System, std::string("waiting for a slot: eventfd: ") + std::strerror(errno));
  }
  waiting_.push_back(event.get());
  return event;
}

void Waiters::end(Descriptor event) noexcept {
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), event.get()));
  std::uint64_t count = 0;
  [[maybe_unused]] const auto drained = ::read(event.get(), &count, sizeof count);  // a wake-up meant for the wait that is over
  spare_.push_back(std::move(event));
}

void Waiters::wake_all() noexcept {
  const std::uint64_t one = 1;
  for (const int event : waiting_) {
    // Fails only when the counter is full, and then it is readable already.
    [[maybe_unused]] const auto written = ::write(event, &one, sizeof one);
  }
}

Wake wait_for(int event, int stop_fd, SteadyTime deadline) noexcept {
  std::array<pollfd, 2> watched{pollfd{.fd = event, .events = POLLIN, .revents = 0},
                                pollfd{.fd = stop_fd, .events = POLLIN, .revents = 0}};
  timespec left{};
  if (deadline != SteadyTime::max()) {
    const auto ns = std::max<std::int64_t>((deadline - steady_now()).count(), 0);
    left = {.tv_sec = static_cast<std::time_t>(ns / 1'000'000'000), .tv_nsec = static_cast<long>(ns % 1'000'000'000)};
  }
  const int ready = ::ppoll(watched.data(), watched.size(), deadline == SteadyTime::max() ? nullptr : &left, nullptr);
  if (ready == 0) return Wake::Late;
  if (ready < 0) return Wake::Woken;  // EINTR: the caller looks again and comes back
  if (watched[1].revents != 0) return Wake::Stopped;
  std::uint64_t count = 0;
  [[maybe_unused]] const auto drained = ::read(event, &count, sizeof count);
  return Wake::Woken;
}

}  // namespace arraywire::memory
