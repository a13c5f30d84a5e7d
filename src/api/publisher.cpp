#include "arraywire/publisher.hpp"

#include "core/clock.hpp"
#include "memory/borrowed.hpp"
#include "memory/pool.hpp"
#include "transport/endpoint.hpp"
#include "transport/publisher_core.hpp"
#include "transport/runtime_directory.hpp"
#include "wire/checksum.hpp"
#include "wire/encoder.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace arraywire {

namespace {

std::string checked_stream(std::string_view stream) {
  if (!transport::is_stream_name(stream)) {
    throw Error(ErrorCode::InvalidArgument,
                "'" + std::string(stream) +
                    "' is no stream name: 1 to 64 of letters, digits, '.', '_', '-', the first a letter or digit");
  }
  return std::string(stream);
}

PublisherOptions checked_options(PublisherOptions options) {
  for (const std::string& endpoint : options.listen) transport::check_listen_endpoint(endpoint);
  if (options.delivery == Delivery::Distribute && options.history > 0) {
    throw Error(ErrorCode::InvalidArgument, "history is for fan-out: a distributed stream keeps none");
  }
  if (options.history > transport::kMaxQueue) {
    throw Error(ErrorCode::InvalidArgument, "history can be " + std::to_string(transport::kMaxQueue) + " at most");
  }
  if (options.lane == LaneChoice::SharedMemory) {
    throw Error(ErrorCode::InvalidArgument,
                "a publisher offers shared memory or not (LaneChoice::Automatic, Inline); it cannot insist on it");
  }
  return options;
}

transport::PublisherSettings settings(const std::string& stream, const PublisherOptions& options) {
  return {.stream = stream,
          .listen = options.listen,
          .delivery = options.delivery,
          .history = options.history,
          .block_limit = options.block_limit,
          .spin = options.spin,
          .lane = options.lane,
          .allow = options.allow,
          .metadata = options.metadata,
          .give_up = options.give_up};
}

// Empties a reused vector at the end of a call, however that ends.
template <class T> class Emptied {
 public:
  explicit Emptied(std::vector<T>& vector) noexcept : vector_(vector) {}
  ~Emptied() { vector_.clear(); }
  Emptied(const Emptied&) = delete;
  Emptied& operator=(const Emptied&) = delete;

 private:
  std::vector<T>& vector_;
};

// The blocks of borrowed memory that is being published. Unless it was sent, the callbacks stay with the caller.
class Lent {
 public:
  explicit Lent(std::vector<memory::Reference>& blocks) noexcept : blocks_(blocks) {}
  ~Lent() {
    if (!sent) {
      for (const memory::Reference& block : blocks_) memory::ReleaseQueue::take_back(block);
    }
    blocks_.clear();
  }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

  bool sent = false;

 private:
  std::vector<memory::Reference>& blocks_;
};

}  // namespace

// Lives on one thread at a time, as the Publisher does; what the service thread shares is in the core.
class Publisher::Impl {
 public:
  Impl(Context& context, std::string_view stream, PublisherOptions options)
      : stream_(checked_stream(stream)),
        options_(checked_options(std::move(options))),
        service_(context.service()),
        pool_(memory::Pool::create(options_.max_memory_bytes)),
        core_(std::make_shared<transport::PublisherCore>(*service_, pool_, settings(stream_, options_))) {
    service_->add(core_);
  }
  ~Impl() {
    if (!service_->in_own_process()) return;
    core_->finish(deadline_after(options_.linger));
    service_->remove(*core_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<memory::Slot*, LoanError> take_slot(std::span<const ArraySpec> specs, std::chrono::nanoseconds timeout);
  Result<Published, PublishError> publish_slot(memory::Slot& slot, const Metadata& metadata, std::uint32_t copies);
  Result<Published, PublishError> publish_borrowed(std::span<Borrowed> borrowed, const Metadata& metadata);
  Result<Published, PublishError> lend(std::span<Borrowed> borrowed, const Metadata& metadata, bool& needs_slot);
  Result<Published, PublishError> send(std::span<const std::byte> header, memory::Slot* slot, std::uint32_t copies,
                                       bool& needs_slot);
  std::span<const std::byte> encode(const Metadata& metadata);
  Result<Published, PublishError> publish_copied(std::span<const ConstArrayView> views, const Metadata& metadata);

  const std::string stream_;
  const PublisherOptions options_;
  const std::shared_ptr<transport::Service> service_;
  const std::shared_ptr<memory::Pool> pool_;
  const std::shared_ptr<transport::PublisherCore> core_;
  wire::Encoder encoder_{};

  // The message being published: reused, and empty between calls.
  std::vector<transport::Frame> frames_{};
  std::vector<ArraySpec> specs_{};
  std::vector<std::uint64_t> offsets_{};
  std::vector<std::span<const std::byte>> bytes_{};
  std::vector<memory::Reference> lent_{};
  std::vector<ConstArrayView> views_{};
  std::vector<memory::Placement> layout_{};
};

Result<memory::Slot*, LoanError> Publisher::Impl::take_slot(std::span<const ArraySpec> specs, std::chrono::nanoseconds timeout) {
  service_->require_own_process();
  const std::size_t bytes = memory::place(specs, layout_);
  if (service_->stopped()) return LoanError::Stopped;
  core_->read_returns();  // a slot that came back is cheaper than a new one
  auto taken = pool_->take(bytes, std::chrono::nanoseconds::zero(), service_->stop_descriptor());
  if (!taken && taken.error() == memory::PoolError::Exhausted && timeout > std::chrono::nanoseconds::zero()) {
    const transport::PublisherCore::SlotWait wait(*core_);
    taken = pool_->take(bytes, timeout, service_->stop_descriptor());
  }
  if (!taken) {
    switch (taken.error()) {
      case memory::PoolError::Exhausted: return LoanError::Exhausted;
      case memory::PoolError::TooLarge: return LoanError::TooLarge;
      case memory::PoolError::Stopped: return LoanError::Stopped;
    }
  }
  auto* slot = static_cast<memory::Slot*>(taken->release());
  slot->layout().assign(layout_.begin(), layout_.end());
  core_->hand_over(*slot);
  return slot;
}

Result<Published, PublishError> Publisher::Impl::publish_slot(memory::Slot& slot, const Metadata& metadata,
                                                              std::uint32_t copies) {
  const Emptied frames(frames_);
  const Emptied specs(specs_);
  const Emptied offsets(offsets_);
  const Emptied bytes(bytes_);
  for (const memory::Placement& placed : slot.layout()) {
    bytes_.emplace_back(slot.bytes().subspan(placed.offset_bytes, checked_extent_bytes(placed.spec)));
    specs_.push_back(placed.spec);
    offsets_.push_back(placed.offset_bytes);
    frames_.push_back({bytes_.back(), memory::Reference(&slot)});
  }
  bool needs_slot = false;
  return send(encode(metadata), &slot, copies, needs_slot);
}

// The header of specs_, offsets_ and bytes_.
std::span<const std::byte> Publisher::Impl::encode(const Metadata& metadata) {
  std::optional<std::uint64_t> checksum;
  if (options_.checksum) checksum = wire::payload_checksum(bytes_);
  return encoder_.data({.specs = specs_,
                        .offsets = offsets_,
                        .metadata = metadata,
                        .published = wall_now(),
                        .published_steady_ns = steady_ns(steady_now()),
                        .checksum = checksum});
}

Result<Published, PublishError> Publisher::Impl::send(std::span<const std::byte> header, memory::Slot* slot, std::uint32_t copies,
                                                      bool& needs_slot) {
  Published published;
  const auto status = core_->publish({.header = header, .frames = frames_, .slot = slot}, published);
  needs_slot = status == transport::PublishStatus::NeedsSlot;
  if (status == transport::PublishStatus::NoTaker) return PublishError::NoTaker;
  if (status != transport::PublishStatus::Sent) return PublishError::Stopped;
  published.copies = copies;
  if (copies > 0) core_->count_copies(copies);
  return published;
}

// Through a slot, laid out as specs_ says: as the views are, or contiguous.
Result<Published, PublishError> Publisher::Impl::publish_copied(std::span<const ConstArrayView> views, const Metadata& metadata) {
  auto slot = take_slot(specs_, options_.block_limit);
  if (!slot && slot.error() == LoanError::Stopped) return PublishError::Stopped;
  if (!slot)
    throw Error(ErrorCode::NoMemory, "stream '" + stream_ + "': no slot to copy " + to_string(specs_.front()) +
                                         " into: " + std::string(describe(slot.error())));
  specs_.clear();
  const Loan loan(*slot);
  for (std::size_t i = 0; i < views.size(); ++i) copy_elements(views[i], loan.array(i));
  return publish_slot(**slot, metadata, static_cast<std::uint32_t>(views.size()));
}

// Sends the borrowed memory as it is. Unless that succeeds, the callbacks stay with `borrowed`.
Result<Published, PublishError> Publisher::Impl::lend(std::span<Borrowed> borrowed, const Metadata& metadata, bool& needs_slot) {
  const Emptied frames(frames_);
  const Emptied specs(specs_);
  const Emptied bytes(bytes_);
  Lent lent(lent_);
  for (const Borrowed& b : borrowed) {
    specs_.push_back(b.view().spec());
    bytes_.push_back(b.view().bytes());
  }
  const auto header = encode(metadata);
  for (const Borrowed& b : borrowed) {
    lent_.push_back(service_->releases().borrow(b.callback_));
    frames_.push_back({b.view().bytes(), lent_.back()});
  }
  auto result = send(header, nullptr, 0, needs_slot);
  lent.sent = result.has_value();
  return result;
}

Result<Published, PublishError> Publisher::Impl::publish_borrowed(std::span<Borrowed> borrowed, const Metadata& metadata) {
  if (borrowed.empty() || borrowed.size() > kMaxArrays) {
    throw Error(ErrorCode::InvalidArgument,
                "a message has 1 to " + std::to_string(kMaxArrays) + " arrays, not " + std::to_string(borrowed.size()));
  }
  bool needs_slot = core_->needs_slot();
  Result<Published, PublishError> result = PublishError::Stopped;
  if (!needs_slot) result = lend(borrowed, metadata, needs_slot);
  if (needs_slot) {  // was so, or a session began meanwhile
    const Emptied views(views_);
    const Emptied specs(specs_);
    for (const Borrowed& b : borrowed) {
      views_.push_back(b.view());
      specs_.push_back(b.view().spec());  // whatever its way, it arrives as it was published
    }
    result = publish_copied(views_, metadata);
    if (!result) return result;
    for (Borrowed& b : borrowed) Borrowed(std::move(b));  // copied: its callback runs now
  }
  if (result) {
    for (Borrowed& b : borrowed) b.callback_ = {};
  }
  return result;
}

// ---- Publisher

Publisher::Publisher(Context& context, std::string_view stream, PublisherOptions options)
    : impl_(std::make_unique<Impl>(context, stream, std::move(options))) {}
Publisher::~Publisher() = default;

Result<Loan, LoanError> Publisher::loan(std::span<const ArraySpec> specs, std::chrono::nanoseconds timeout) {
  auto slot = impl_->take_slot(specs, timeout);
  if (!slot) return slot.error();
  return Loan(*slot);
}

void Publisher::reserve(std::span<const ArraySpec> specs, std::size_t slots) {
  impl_->service_->require_own_process();
  impl_->pool_->reserve(memory::place(specs, impl_->layout_), slots);
  impl_->core_->hand_over_all();
}

Result<Published, PublishError> Publisher::publish(Loan&& loan, const Metadata& metadata) {
  if (!loan) throw Error(ErrorCode::InvalidArgument, "publish: this loan is empty: it was published, moved from or never given");
  auto result = impl_->publish_slot(*loan.slot_, metadata, 0);
  if (result) std::exchange(loan.slot_, nullptr)->drop();
  return result;
}

Result<Published, PublishError> Publisher::publish(Borrowed&& borrowed, const Metadata& metadata) {
  return impl_->publish_borrowed(std::span(&borrowed, 1), metadata);
}

Result<Published, PublishError> Publisher::publish(std::span<Borrowed> borrowed, const Metadata& metadata) {
  return impl_->publish_borrowed(borrowed, metadata);
}

Result<Published, PublishError> Publisher::publish_copy(const ConstArrayView& view, const Metadata& metadata) {
  const Emptied specs(impl_->specs_);
  impl_->specs_.push_back({.dtype = view.dtype(), .shape = view.shape()});
  return impl_->publish_copied(std::span(&view, 1), metadata);
}

bool Publisher::copies_borrowed() { return impl_->core_->needs_slot(); }

bool Publisher::wait_for_subscribers(std::size_t count, std::chrono::nanoseconds timeout) {
  return impl_->core_->wait_for_sessions(count, deadline_after(timeout));
}

FinishReport Publisher::finish(std::chrono::nanoseconds timeout) { return impl_->core_->finish(deadline_after(timeout)); }

const std::string& Publisher::stream() const noexcept { return impl_->stream_; }
const std::vector<std::string>& Publisher::endpoints() const noexcept { return impl_->core_->endpoints(); }

PublisherStatistics Publisher::statistics() const {
  PublisherStatistics s = impl_->core_->statistics();
  s.pool_bytes = impl_->pool_->bytes();
  s.slots = impl_->pool_->slots();
  return s;
}

std::string_view describe(LoanError error) noexcept {
  switch (error) {
    case LoanError::Exhausted: return "every slot is in use and the pool is at its limit";
    case LoanError::TooLarge: return "larger than the pool's limit, or than the machine can back now";
    case LoanError::Stopped: return "stopped";
  }
  return "unknown";
}

std::string_view describe(PublishError error) noexcept {
  switch (error) {
    case PublishError::NoTaker: return "no consumer had room within the block limit";
    case PublishError::Stopped: return "stopped";
  }
  return "unknown";
}

}  // namespace arraywire
