#include "memory/poll_set.hpp"

#include "arraywire/error.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace arraywire::memory {
namespace {

std::uint32_t events_of(Watch::For what) noexcept {
  switch (what) {
    case Watch::For::Nothing: return 0;  // errors and hang-ups are told all the same
    case Watch::For::Reading: return EPOLLIN;
    case Watch::For::ReadingAndWriting: return EPOLLIN | EPOLLOUT;
  }
  return 0;
}

}  // namespace

PollSet::PollSet() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), owner_(::getpid()) {
  if (!epoll_) throw Error(ErrorCode::System, std::string("epoll_create1: ") + std::strerror(errno));
}

std::size_t PollSet::ready(std::span<std::uint64_t> keys) const noexcept {
  std::array<epoll_event, 64> events{};
  const int room = static_cast<int>(std::min(keys.size(), events.size()));
  if (room == 0 || owner_ != ::getpid()) return 0;
  const int count = ::epoll_wait(epoll_.get(), events.data(), room, 0);  // not interrupted: it does not wait
  for (int i = 0; i < count; ++i) keys[static_cast<std::size_t>(i)] = events[static_cast<std::size_t>(i)].data.u64;
  return static_cast<std::size_t>(std::max(count, 0));
}

bool PollSet::change(int operation, int descriptor, std::uint64_t key, std::uint32_t events) const noexcept {
  epoll_event event{.events = events, .data = {.u64 = key}};
  return owner_ == ::getpid() && ::epoll_ctl(epoll_.get(), operation, descriptor, &event) == 0;
}

Watch::Watch(std::shared_ptr<PollSet> polled, int descriptor, std::uint64_t key) noexcept : descriptor_(descriptor), key_(key) {
  if (polled->change(EPOLL_CTL_ADD, descriptor, key, events_of(for_))) polled_ = std::move(polled);
}

Watch& Watch::operator=(Watch&& other) noexcept {
  std::swap(polled_, other.polled_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(key_, other.key_);
  std::swap(for_, other.for_);
  return *this;
}

Watch::~Watch() {
  if (polled_) polled_->change(EPOLL_CTL_DEL, descriptor_, key_, 0);
}

void Watch::watch_for(For what) noexcept {
  if (what == for_ || !polled_) return;
  if (polled_->change(EPOLL_CTL_MOD, descriptor_, key_, events_of(what))) for_ = what;
}

}  // namespace arraywire::memory
