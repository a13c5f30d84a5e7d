#include "memory/pool.hpp"

#include "core/clock.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

namespace arraywire::memory {
namespace {

constexpr std::size_t kFewSlots = 64;  // of more, what slot_bytes adds is one in so many

std::size_t whole_pages(std::size_t bytes) {
  const std::size_t page = page_bytes();
  return bytes > ~page ? ~std::size_t{0} / page * page : (bytes + page - 1) / page * page;
}

[[noreturn]] void throw_failure(const std::string& what, const MemfdFailure& failure) {
  const ErrorCode code = failure.kind == MemfdFailure::Kind::Memory ? ErrorCode::NoMemory : ErrorCode::System;
  throw Error(code, what + ": " + failure.step + ": " + std::strerror(failure.error));
}

std::string slot_of(std::size_t size) { return "a slot of " + std::to_string(size) + " bytes"; }

}  // namespace

// One thread asleep in take. From its construction on, nothing that happens to the pool is missed.
class Pool::Waiting {
 public:
  explicit Waiting(Pool& pool) : pool_(pool), event_(begin(pool)) {}
  ~Waiting() {
    Lock lock(pool_.mutex_);
    pool_.waiters_.end(event_);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  EventFd& event() noexcept { return event_; }

 private:
  static EventFd& begin(Pool& pool) {
    Lock lock(pool.mutex_);
    return pool.waiters_.begin();
  }

  Pool& pool_;
  EventFd& event_;
};

// What one look at the books said: a slot, or permission to create one (new_id), or neither.
struct Pool::Attempt {
  Slot* slot = nullptr;
  std::uint64_t new_id = 0;
  bool may_come = true;
  Removal removal{};
};

std::shared_ptr<Pool> Pool::create(std::size_t max_bytes) {
  return std::shared_ptr<Pool>(new Pool(whole_pages(max_bytes == 0 ? default_limit_bytes() : max_bytes)));
}
Pool::Pool(std::size_t limit_bytes) : limit_bytes_(limit_bytes), inventory_(limit_bytes) {}
Pool::~Pool() = default;

// A limit that is meant for a few frames has room for them: slots are rounded up only as far as that costs none.
std::size_t Pool::size_for(std::size_t bytes) const noexcept {
  const std::size_t room_for = limit_bytes() / whole_pages(std::max(bytes, std::size_t{1}));
  if (room_for == 0 || room_for > kFewSlots) return slot_bytes(bytes);
  const std::size_t share = limit_bytes() / room_for;
  return std::min(slot_bytes(bytes), share - share % page_bytes());
}

Result<Reference, PoolError> Pool::take(std::size_t bytes, std::chrono::nanoseconds timeout, int stop_fd) {
  const std::size_t size = size_for(bytes);
  if (size > limit_bytes()) return PoolError::TooLarge;
  try {
    return take_before(deadline_after(timeout), size, stop_fd);
  } catch (const std::bad_alloc&) {
    return PoolError::Exhausted;
  }
}

Result<Reference, PoolError> Pool::take_before(SteadyTime deadline, std::size_t size, int stop_fd) {
  begin_take();
  for (std::optional<Waiting> waiting;;) {
    const bool late = has_passed(deadline);  // looked at first: what came free before the deadline is still ours
    const auto slot = try_take(size);
    if (slot) {
      (*slot)->layout_.clear();
      (*slot)->pool_ = shared_from_this();
      return Reference(*slot);
    }
    if (slot.error() == PoolError::TooLarge) return slot.error();
    if (waiting && !late) {
      wait_readable(std::array{waiting->event().descriptor(), stop_fd}, deadline);
      waiting->event().clear();
    }
    if ((waiting || late) && is_readable(stop_fd)) return PoolError::Stopped;
    if (late) return PoolError::Exhausted;
    if (!waiting) waiting.emplace(*this);  // and look again: a slot may have come free before anybody would have woken us
  }
}

void Pool::begin_take() {
  Removal unwanted;
  {
    Lock lock(mutex_);
    inventory_.begin_take(unwanted);
  }
  destroy(std::move(unwanted));
}

// Ends: each turn after a failure destroys at least one slot, or it is the last.
Result<Slot*, PoolError> Pool::try_take(std::size_t size) {
  std::optional<MemfdFailure> failure;
  for (Shortage shortage;;) {
    Attempt found = attempt(size, shortage);
    destroy(std::move(found.removal));
    if (found.slot != nullptr) return found.slot;
    if (found.new_id == 0) {
      if (found.may_come) return PoolError::Exhausted;
      if (failure && failure->kind == MemfdFailure::Kind::System) throw_failure("creating " + slot_of(size), *failure);
      return PoolError::TooLarge;
    }
    const auto created = create_slot(found.new_id, size, false);
    if (created) return *created;
    failure = created.error();
    shortage = {.happened = true, .backing_bytes = available_bytes()};
  }
}

Pool::Attempt Pool::attempt(std::size_t size, const Shortage& shortage) {
  Attempt found;
  Lock lock(mutex_);
  if ((found.slot = inventory_.take_suitable(size)) != nullptr) return found;
  if ((found.new_id = inventory_.count_new(size, shortage, found.removal)) != 0) return found;
  if ((found.slot = inventory_.take_any(size)) != nullptr) return found;
  inventory_.retire_for(size, shortage, found.removal);
  found.may_come = inventory_.may_come(size, shortage);
  return found;
}

// `size` bytes were counted under `id`. When it fails, they no longer are.
Result<Slot*, MemfdFailure> Pool::create_slot(std::uint64_t id, std::size_t size, bool reserved) {
  MemfdFailure failure{.kind = MemfdFailure::Kind::Memory, .step = "operator new", .error = ENOMEM};
  try {
    auto memfd = create_memfd("arraywire-slot", size);
    if (memfd) {
      std::unique_ptr<Slot> slot(new Slot(id, std::move(*memfd)));
      Lock lock(mutex_);
      return inventory_.add(std::move(slot), !reserved, reserved);
    }
    failure = memfd.error();
  } catch (const std::bad_alloc&) {
  }
  destroy({.first = {}, .uncount_bytes = size, .retired = false});
  return failure;
}

void Pool::destroy(Removal&& removal) noexcept {
  if (removal.retired) retired_.set();
  while (removal.first) removal.first = std::move(removal.first->next_);
  if (removal.uncount_bytes == 0) return;
  Lock lock(mutex_);
  inventory_.uncount(removal.uncount_bytes);
  waiters_.wake_all();  // there is room for a new slot now
}

void Pool::reserve(std::size_t bytes, std::size_t slots) {
  const std::size_t size = size_for(bytes);
  std::vector<Slot*> created;
  created.reserve(std::min(slots, limit_bytes() / size + 1));
  try {
    while (created.size() < slots) created.push_back(create_reserved(size));
  } catch (...) {
    Removal removal;
    {
      Lock lock(mutex_);
      for (Slot* slot : created) inventory_.unreserve(*slot, removal);
    }
    destroy(std::move(removal));
    throw;
  }
}

Slot* Pool::create_reserved(std::size_t size) {
  std::optional<MemfdFailure> failure;
  for (Shortage shortage;;) {
    Removal removal;
    std::uint64_t id = 0;
    {
      Lock lock(mutex_);
      if (size <= limit_bytes()) id = inventory_.count_new(size, shortage, removal);
    }
    destroy(std::move(removal));
    if (id == 0 && failure) throw_failure("reserving " + slot_of(size), *failure);
    if (id == 0) {
      throw Error(ErrorCode::NoMemory, "reserving " + slot_of(size) + ": the pool's limit of " + std::to_string(limit_bytes()) +
                                           " bytes leaves no room; " + std::to_string(this->bytes()) + " bytes are in slots");
    }
    const auto created = create_slot(id, size, true);
    if (created) return *created;
    failure = created.error();
    shortage = {.happened = true, .backing_bytes = available_bytes()};
  }
}

void Pool::put_back(Slot& slot) noexcept {
  if (!process_.is_own()) return;
  Lock lock(mutex_);
  inventory_.put_back(slot);
  waiters_.wake_all();
}

std::shared_ptr<const SlotFile> Pool::hand_over(Slot& slot) {
  Lock lock(mutex_);
  return inventory_.hand_over(slot);
}
std::vector<std::shared_ptr<const SlotFile>> Pool::hand_over_all() {
  Lock lock(mutex_);
  return inventory_.hand_over_all();
}
void Pool::unmapped(std::uint64_t slot_id) noexcept {
  if (!process_.is_own()) return;
  Lock lock(mutex_);
  if (inventory_.unmapped(slot_id)) waiters_.wake_all();
}
// The event is cleared last, so that a failure leaves it; under the lock, so that it is not cleared for what was retired since.
void Pool::collect_retired(std::vector<std::uint64_t>& ids) {
  Lock lock(mutex_);
  inventory_.collect_retired(ids);
  retired_.clear();
}

std::size_t Pool::limit_bytes() const noexcept { return limit_bytes_; }
std::size_t Pool::bytes() const {
  Lock lock(mutex_);
  return inventory_.counted_bytes();
}
std::size_t Pool::slots() const {
  Lock lock(mutex_);
  return inventory_.slots();
}
std::size_t Pool::slots_in_use() const {
  Lock lock(mutex_);
  return inventory_.slots_in_use();
}

}  // namespace arraywire::memory
