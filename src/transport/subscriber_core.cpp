#include "transport/subscriber_core.hpp"

#include "arraywire/error.hpp"
#include "transport/endpoint.hpp"
#include "transport/runtime_directory.hpp"
#include "transport/signals.hpp"
#include "transport/subscriber_section.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>

namespace arraywire::transport {

namespace {

constexpr int kDrainRounds =
    64;  // of one critical section; a publisher that floods beyond it does not keep take from its deadline
constexpr auto kLingerOfClosedSockets = std::chrono::milliseconds{200};  // for Bye and the last Returns

std::string checked_source(std::string source) {
  if (is_endpoint(source)) {
    check_connect_endpoint(source);
  } else if (!is_stream_name(source)) {
    throw Error(ErrorCode::InvalidArgument,
                "'" + source + "' is no stream name: 1 to 64 of letters, digits, '.', '_', '-', the first a letter or digit");
  }
  return source;
}

SubscriberOptions checked_options(SubscriberOptions options) {
  if (options.queue < 1 || options.queue > kMaxQueue || options.hold < 1 || options.hold > kMaxQueue) {
    throw Error(ErrorCode::InvalidArgument, "queue and hold must be 1 to " + std::to_string(kMaxQueue));
  }
  if (options.name.empty()) options.name = program_invocation_short_name;
  return options;
}

// A publisher that sends beyond what it granted and never reads what is returned gets no more of it than one message can list.
void add(std::vector<std::uint64_t>& numbers, std::uint64_t number) {
  if (numbers.size() < wire::kMaxListed) numbers.push_back(number);
}

void watch(int epoll, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) {
    throw Error(ErrorCode::System, std::string("epoll_ctl: ") + std::strerror(errno));
  }
}

}  // namespace

SubscriberCore::SubscriberCore(Service& service, std::string source, SubscriberOptions options)
    : service_(service),
      process_(service.process()),
      events_sink_(service.events()),
      source_(checked_source(std::move(source))),
      by_name_(!is_endpoint(source_)),
      options_(checked_options(std::move(options))),
      spin_(options_.spin) {
  service.require_own_process();
  given_back_.reserve(options_.hold);
  collected_.reserve(options_.hold);
  inbox_.reserve(std::size_t{options_.queue} + 2);
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw Error(ErrorCode::System, std::string("epoll_create1: ") + std::strerror(errno));
  try {
    const SignalsDeferred quiet;
    const Lock lock(mutex_);
    open_sockets();
    watch(epoll_, dealer_descriptor_);
    watch(epoll_, wake_.descriptor());
    watch(epoll_, bells_->descriptor());
    watch(epoll_, service.stop_descriptor());
  } catch (...) {
    close();
    ::close(epoll_);
    throw;
  }
}

SubscriberCore::~SubscriberCore() {
  if (!process_->is_own()) abandon_sockets();
  if (epoll_ >= 0) ::close(epoll_);
}

void SubscriberCore::open_sockets() {
  dealer_ = zmq::socket_t(service_.zmq(), zmq::socket_type::dealer);
  dealer_.set(zmq::sockopt::linger, static_cast<int>(kLingerOfClosedSockets.count()));
  dealer_.set(zmq::sockopt::sndhwm, kHighWaterMark);
  dealer_.set(zmq::sockopt::rcvhwm, kHighWaterMark);
  dealer_.set(zmq::sockopt::immediate, 0);  // 1 would discard messages already received when the peer closes, an End included
  dealer_.set(zmq::sockopt::reconnect_ivl, 20);
  dealer_.set(zmq::sockopt::reconnect_ivl_max, 320);
  dealer_.set(zmq::sockopt::connect_timeout, 3000);
  dealer_.set(zmq::sockopt::handshake_ivl, 3000);
  dealer_.set(zmq::sockopt::tcp_keepalive, 1);
  dealer_.set(zmq::sockopt::tcp_keepalive_idle, 10);
  dealer_.set(zmq::sockopt::tcp_keepalive_intvl, 5);
  dealer_.set(zmq::sockopt::tcp_keepalive_cnt, 4);
  dealer_.set(zmq::sockopt::tcp_maxrt, 120'000);
  dealer_descriptor_ = dealer_.get(zmq::sockopt::fd);

  const std::string address = "inproc://arraywire-monitor-" + std::to_string(service_.next_number());
  if (zmq_socket_monitor(dealer_.handle(), address.c_str(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED) != 0) throw zmq::error_t();
  monitor_ = zmq::socket_t(service_.zmq(), zmq::socket_type::pair);
  monitor_.set(zmq::sockopt::linger, 0);
  monitor_.connect(address);
  monitor_descriptor_ = monitor_.get(zmq::sockopt::fd);
  if (!by_name_) {
    try {
      dealer_.connect(source_);
    } catch (const zmq::error_t& e) {
      throw Error(ErrorCode::InvalidArgument, "cannot connect to " + source_ + ": " + e.what());
    }
    connected_to_ = source_;
  }
}

void SubscriberCore::abandon_sockets() noexcept {
  abandon(dealer_);
  abandon(monitor_);
}

void SubscriberCore::close() noexcept {
  const Lock lock(mutex_);
  if (std::exchange(closed_, true)) return;
  stop_monitor(dealer_);
  dealer_.close();
  monitor_.close();
}

// ---- critical sections

void SubscriberCore::settle() {
  collect_given_back();
  if (closed_) return;
  send_returns();
  bool more = false;
  for (int round = 0; round < kDrainRounds; ++round) {
    more = std::exchange(dealer_used_, false) && readable(dealer_);
    memory::Rings* const ring = rings();
    const bool in_ring = ring != nullptr && inbox_.empty() && (sleeps_ || always_watched_) && !ring->listen();
    const bool got = in_ring && drain_ring();
    if (!more && !got) break;
    if (more) drain_dealer();
    send_returns();
  }
  const bool some = !inbox_.empty() && inbox_.front()->what_ != Received::What::Unmapped;
  // Nobody waits for it between one take and the next: then it may be anything.
  const bool watched = sleeps_ || always_watched_;
  const bool ready = more || state_ == SubscriberStatus::State::Refused || (some && unreleased_ < hold());
  const bool set = leaving_ ? bye_answered() : watched && ready;
  if (set != std::exchange(wake_is_set_, set)) set ? wake_.set() : wake_.clear();
  if (left_ && unreleased_ == 0 && all_back_ == SteadyTime{}) attention_.set();
}

void SubscriberCore::send_returns() {
  if (!in_session()) return;
  if (return_due_ && send_return() == SendResult::Sent) {
    return_due_ = false;
    return_.released.clear();
    return_.rejected.clear();
    return_.want = return_.ended = false;
  }
  while (!old_returns_.empty()) {
    const OldReturn& old = old_returns_.back();
    if (say(encoder_.returns({.epoch = epoch_, .session = old.session}, old.returns)) != SendResult::Sent) break;
    old_returns_.pop_back();
  }
}

SendResult SubscriberCore::say(std::span<const std::byte> message) {
  dealer_used_ = true;
  return send_header(dealer_, {}, message);
}

SendResult SubscriberCore::send_return() {
  const auto message = encoder_.returns({.epoch = epoch_, .session = session_}, return_);
  return put_in_ring(message) ? SendResult::Sent : say(message);
}

wire::Return* SubscriberCore::returns_for(const Received& received) {
  if (received.session_ == session_) return &return_;
  // Of a session before this one, only what holds a slot or may be given to somebody else must still be returned.
  if (received.epoch_ != epoch_ || !leases(received)) return nullptr;
  const auto same = [&](const OldReturn& old) { return old.session == received.session_; };
  const auto found = std::find_if(old_returns_.begin(), old_returns_.end(), same);
  return found != old_returns_.end() ? &found->returns : &old_returns_.emplace_back(OldReturn{received.session_, {}}).returns;
}

// Beyond what was granted the publisher sends nothing: waiting there would be waiting for ever.
std::uint32_t SubscriberCore::hold() const {
  return in_session() ? std::clamp<std::uint32_t>(welcome_.hold, 1, options_.hold) : options_.hold;
}

bool SubscriberCore::leases(const Received& received) const {
  return welcome_.delivery == Delivery::Distribute || received.lane == Lane::SharedMemory;
}

// ---- take and give back

// Why there is nothing to take. `ask`: policy latest, ask for a message.
std::optional<TakeError> SubscriberCore::next(bool ask) {
  if (service_.stopped()) return TakeError::Stopped;
  if (unreleased_ >= hold()) return TakeError::HoldingAll;
  while (!inbox_.empty()) {
    Received* first = inbox_.front();
    if (first->what_ == Received::What::Message) return std::nullopt;
    if (first->what_ == Received::What::Unmapped) return TakeError::Timeout;  // the service thread is at it
    pop_front();
    const auto what = first->what_;
    if (what == Received::What::Dropped) {
      if (wire::Return* returns = returns_for(*first)) {
        returns->taken_through = first->number_;
        add(returns->rejected, first->number_);
        return_due_ = true;
      }
    }
    recycle(first);
    if (what == Received::What::End) return TakeError::Ended;
  }
  if (state_ == SubscriberStatus::State::Refused) return TakeError::Refused;
  if (ask && !asked_ && in_session() && welcome_.when_full == WhenFull::Latest) {
    asked_ = true;
    return_.want = return_due_ = true;
  }
  return TakeError::Timeout;
}

template <class Found>
auto SubscriberCore::wait_for_message(SteadyTime deadline, Found found) -> Result<decltype(found()), TakeError> {
  service_.require_own_process();
  const std::array waited_for{dealer_descriptor_, bells_->descriptor(), wake_.descriptor(), service_.stop_descriptor()};
  bool last = deadline == SteadyTime::min();
  bool woken = last;
  bool may_spin = !last;
  for (;;) {
    bool spins = false;
    {
      const Section section(*this);
      woken ? drain() : drain_next();
      std::optional<TakeError> nothing = next(true);
      spins = nothing == TakeError::Timeout && may_spin && worth_spinning();
      if (nothing == TakeError::HoldingAll && !woken) drain();  // who waits for descriptor() is not to be woken for it again
      if (nothing == TakeError::Timeout && !spins) nothing = look_again(woken, last);
      if (!nothing) return found();
      sleeps_ = !spins;
      if (*nothing != TakeError::Timeout || last) return *nothing;
    }
    if (spins) {
      may_spin = spin(waited_for, deadline);
    } else {
      memory::wait_readable(waited_for, deadline);
    }
    woken = !anything_in_ring();
    last = has_passed(deadline);
  }
}

void SubscriberCore::watch_always() {
  if (!service_.in_own_process()) return;
  const Section section(*this, Tell::Later);
  always_watched_ = true;
}

Result<Received*, TakeError> SubscriberCore::take(SteadyTime deadline) {
  return wait_for_message(deadline, [&]() REQUIRES(mutex_) { return take_front(); });
}

Result<const Received*, TakeError> SubscriberCore::peek(SteadyTime deadline) {
  return wait_for_message(deadline, [&]() REQUIRES(mutex_) -> const Received* { return inbox_.front(); });
}

bool SubscriberCore::ready() {
  service_.require_own_process();
  const Section section(*this);
  drain();
  sleeps_ = true;
  if (service_.stopped() || state_ == SubscriberStatus::State::Refused) return true;
  if (unreleased_ >= hold()) return false;
  while (!inbox_.empty() && inbox_.front()->what_ == Received::What::Dropped) static_cast<void>(next(false));
  if (!inbox_.empty()) return inbox_.front()->what_ != Received::What::Unmapped;
  static_cast<void>(next(true));
  return false;
}

void SubscriberCore::pop_front() { inbox_.erase(inbox_.begin()); }

Received* SubscriberCore::take_front() {
  sleeps_ = false;
  Received* received = inbox_.front();
  pop_front();
  received->state_ = Received::State::Held;
  received->exceptions = std::uncaught_exceptions();
  received->owner_ = shared_from_this();
  ++unreleased_;
  if (wire::Return* returns = returns_for(*received)) {
    returns->taken_through = received->number_;
    return_due_ = true;
  }
  MessageInfo& info = received->data.info;
  info.latency.reset();
  last_taken_ = steady_now();
  if (received->same_host_) {
    info.latency =
        std::chrono::nanoseconds(std::max<std::int64_t>(0, steady_ns(last_taken_) - received->data.published_steady_ns));
  }
  ++statistics_.taken;
  for (const std::size_t bytes : received->data.payload_bytes) statistics_.bytes += bytes;
  return received;
}

void Received::give_back(Received* received, bool rejected) noexcept {
  received->payload.clear();  // frees the bytes here, not under the mutex
  received->in_slot.clear();
  const std::shared_ptr<SubscriberCore> owner = std::move(received->owner_);
  if (!owner->process_->is_own()) return;  // a forked child's copy: the sample is its parent's
  owner->give_back(received, rejected);
}

void SubscriberCore::give_back(Received* received, bool rejected) noexcept {
  {
    const Lock lock(given_back_mutex_);
    given_back_.push_back({received, rejected});  // never above `hold`: its capacity is reserved
    any_given_back_.store(true);
  }
  send_given_back(Tell::Now);
}

// Whoever holds the mutex looks at any_given_back_ after letting it go, so a failure here leaves the Return to them.
void SubscriberCore::send_given_back(Tell events) noexcept {
  if (mutex_.try_lock()) Section::end(*this, events);
}

void SubscriberCore::collect_given_back() {
  if (!any_given_back_.load()) return;
  {
    const Lock lock(given_back_mutex_);
    collected_.swap(given_back_);
    any_given_back_.store(false);
  }
  for (const GivenBack& back : collected_) {
    --unreleased_;
    if (wire::Return* returns = closed_ ? nullptr : returns_for(*back.received)) {
      return_due_ = return_due_ || leases(*back.received);  // else nobody can wait for it: it goes with the next one
      add(back.rejected ? returns->rejected : returns->released, back.received->number_);
    }
    recycle(back.received);
  }
  collected_.clear();
}

Received* SubscriberCore::fetch() {
  if (free_.empty()) {
    free_.reserve(records_.size() + 1);
    records_.push_back(std::make_unique<Received>());
    return records_.back().get();
  }
  Received* received = free_.back();
  free_.pop_back();
  return received;
}

void SubscriberCore::recycle(Received* received) {
  received->payload.clear();
  received->in_slot.clear();
  received->state_ = Received::State::Free;
  free_.push_back(received);
}

// ---- what is told

void SubscriberCore::count_copy() {
  const Look look(*this);
  ++statistics_.copies;
}

SteadyTime SubscriberCore::last_taken() {
  const Look look(*this);
  return last_taken_;
}

SubscriberStatistics SubscriberCore::statistics() {
  service_.require_own_process();
  const Look look(*this);
  return statistics_;
}

Metadata SubscriberCore::stream_metadata() {
  service_.require_own_process();
  const Look look(*this);
  return welcome_.metadata;
}

std::string SubscriberCore::stream() {
  service_.require_own_process();
  const Look look(*this);
  return by_name_ ? source_ : welcome_.stream;
}

SubscriberStatus SubscriberCore::status() {
  service_.require_own_process();
  const Section section(*this, Tell::Later);  // never from here: the caller may hold a lock that its callback takes
  drain_ring();
  SubscriberStatus s{
      .state = state_, .reason = welcome_.lane_reason, .lane = welcome_.lane, .queue = welcome_.queue, .hold = welcome_.hold};
  if (state_ == SubscriberStatus::State::Refused) s.reason = reason_;
  if (by_name_ && connected_to_.empty()) {
    for (const auto& directory : service_.runtime_directories())
      s.where += (s.where.empty() ? "" : ", ") + (directory / source_).string();
  } else {
    s.where = connected_to_;
  }
  if (last_heard_ != SteadyTime{}) s.silent_for = steady_now() - last_heard_;
  s.waiting = static_cast<std::uint32_t>(inbox_.size());
  s.unreleased = unreleased_;
  return s;
}

}  // namespace arraywire::transport
