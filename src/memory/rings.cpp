#include "memory/rings.hpp"

#include "memory/mapped_slots.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace arraywire::memory {
namespace {

constexpr std::size_t kBodyAt = 16;  // in an entry

// Our own words: lock-free atomics over memory that lives as long as the mapping, page-aligned.
template <class Word> std::atomic_ref<Word> own_word(const Mapping& own, std::size_t at) noexcept {
  static_assert(std::atomic_ref<Word>::is_always_lock_free);
  return std::atomic_ref<Word>(*reinterpret_cast<Word*>(own.bytes().data() + at));
}

// The other end's: only ever loaded, which a read-only mapping allows.
template <class Word> Word load(const Mapping& peer, std::size_t at, std::memory_order order) noexcept {
  return std::atomic_ref<Word>(*reinterpret_cast<Word*>(peer.bytes().data() + at)).load(order);
}

std::span<std::byte> entry_of(const Mapping& mapping, std::uint64_t number) noexcept {
  return mapping.bytes().subspan(RingFormat::kEntriesAt + (number % RingFormat::kEntries) * RingFormat::kEntryBytes,
                                 RingFormat::kEntryBytes);
}

bool is_unix_stream(int socket) noexcept {
  const auto option = [&](int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
  };
  return option(SO_DOMAIN) == AF_UNIX && option(SO_TYPE) == SOCK_STREAM;
}

}  // namespace

bool Rings::map(Descriptor memory, Mapping& mapped) noexcept {
  auto mapping = check_and_map({.bytes = RingFormat::kBytes, .descriptor = std::move(memory)});
  if (!mapping) return false;
  mapped = std::move(*mapping);
  return true;
}

Rings::BellPair Rings::create_bell() noexcept {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) return {};
  return {.ours = Descriptor(ends[0]), .theirs = Descriptor(ends[1])};
}

bool Rings::is_bell(const Descriptor& socket) noexcept { return is_unix_stream(socket.get()); }

Rings::Rings(Mapping own, Mapping peer, Descriptor bell, const std::shared_ptr<PollSet>& bells) noexcept
    : own_(std::move(own)), peer_(std::move(peer)), bell_(std::move(bell)), watch_(bells, bell_.get(), 0) {}

std::span<std::byte> Rings::room(std::size_t size) noexcept {
  if (size > RingFormat::kMaxMessageBytes) return {};
  // Looked at only when it seems full: the other end writes that line with every entry. A count that cannot be right looks like a
  // full ring, too, which harms nobody but who wrote it.
  if (written_ - seen_read_ >= RingFormat::kEntries)
    seen_read_ = load<std::uint64_t>(peer_, RingFormat::kReadAt, std::memory_order_acquire);
  if (written_ - seen_read_ >= RingFormat::kEntries) return {};
  return entry_of(own_, written_).subspan(kBodyAt, size);
}

void Rings::put(std::uint64_t number, std::size_t size) noexcept {
  const std::array<std::uint64_t, 2> head{number, size};
  std::memcpy(entry_of(own_, written_).data(), head.data(), sizeof head);
  own_word<std::uint64_t>(own_, RingFormat::kWrittenAt).store(++written_, std::memory_order_seq_cst);
  unannounced_ = true;
}

bool Rings::bell_is_due() noexcept {
  if (!unannounced_) return false;
  // After the store of put(), in one order with what listen() stores and loads: either it sees that, or we see that it listens.
  seen_listening_ = load<std::uint32_t>(peer_, RingFormat::kListeningAt, std::memory_order_seq_cst);
  unannounced_ = seen_listening_ % 2 == 1 && seen_listening_ != rung_for_;
  return unannounced_;
}

bool Rings::ring() noexcept {
  if (!bell_is_due()) return false;
  constexpr char kDing = 1;
  const bool rung = ::send(bell_.get(), &kDing, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
  // EAGAIN: the bell has rung so often unheard that it needs no more. Anything else: the next ring() tries again.
  if (rung || errno == EAGAIN) {
    rung_for_ = seen_listening_;
    unannounced_ = false;
  }
  return true;
}

bool Rings::empty() const noexcept {
  return load<std::uint64_t>(peer_, RingFormat::kWrittenAt, std::memory_order_acquire) == read_;
}

Result<RingEntry, RingError> Rings::front() noexcept {
  const auto waiting = load<std::uint64_t>(peer_, RingFormat::kWrittenAt, std::memory_order_acquire) - read_;
  if (waiting == 0) return RingError::Empty;
  if (waiting > RingFormat::kEntries) return RingError::Broken;
  const auto entry = entry_of(peer_, read_);
  std::array<std::uint64_t, 2> head{};
  std::memcpy(head.data(), entry.data(), sizeof head);
  if (head[1] > RingFormat::kMaxMessageBytes) return RingError::Broken;
  std::memcpy(copy_.data(), entry.data() + kBodyAt, head[1]);
  return RingEntry{.number = head[0], .bytes = std::span(copy_).first(head[1])};
}

void Rings::pop() noexcept {
  own_word<std::uint64_t>(own_, RingFormat::kReadAt).store(++read_, std::memory_order_release);
  stop_listening();
}

// Said again after each entry: one ring of the bell is for one time of listening.
bool Rings::listen() noexcept {
  if (listening_ % 2 == 0) {
    hear();
    own_word<std::uint32_t>(own_, RingFormat::kListeningAt).store(++listening_, std::memory_order_seq_cst);
  }
  return load<std::uint64_t>(peer_, RingFormat::kWrittenAt, std::memory_order_seq_cst) == read_;
}

void Rings::stop_listening() noexcept {
  if (listening_ % 2 == 0) return;
  own_word<std::uint32_t>(own_, RingFormat::kListeningAt).store(++listening_, std::memory_order_relaxed);
}

// At its end the bell is of no more use, and would be readable for ever.
bool Rings::hear() noexcept {
  std::array<char, 4096> dings{};  // more than the socket holds one at a time
  const ssize_t got = ::recv(bell_.get(), dings.data(), dings.size(), MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) watch_ = Watch();
  // It is not rung again for this time of listening: another one begins before we sleep.
  if (got > 0) stop_listening();
  return got > 0;
}

}  // namespace arraywire::memory
