#include "memory/waiting.hpp"

#include "arraywire/error.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

namespace arraywire::memory {

EventFd::EventFd() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!descriptor_) throw Error(ErrorCode::System, std::string("eventfd: ") + std::strerror(errno));
}

void EventFd::set() noexcept {
  const std::uint64_t one = 1;
  const int saved = errno;  // may run in a signal handler
  static_cast<void>(!::write(descriptor_.get(), &one, sizeof one));
  errno = saved;
}

void EventFd::clear() noexcept {
  std::uint64_t value = 0;
  static_cast<void>(!::read(descriptor_.get(), &value, sizeof value));
}

bool wait_readable(std::span<const int> descriptors, SteadyTime deadline) {
  constexpr std::size_t kFew = 16;
  std::array<pollfd, kFew> few{};
  std::vector<pollfd> many;
  if (descriptors.size() > kFew) many.resize(descriptors.size());
  const std::span<pollfd> polled = descriptors.size() > kFew ? std::span(many) : std::span(few).first(descriptors.size());
  for (std::size_t i = 0; i < polled.size(); ++i) polled[i] = {.fd = descriptors[i], .events = POLLIN, .revents = 0};
  for (;;) {
    timespec left{};
    if (deadline != SteadyTime::max()) {
      const SteadyTime now = steady_now();
      const auto ns = std::chrono::nanoseconds(std::max(deadline, now) - now).count();
      left = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
    }
    const int ready = ::ppoll(polled.data(), polled.size(), deadline == SteadyTime::max() ? nullptr : &left, nullptr);
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) return true;  // let the caller look for itself
  }
}

}  // namespace arraywire::memory
