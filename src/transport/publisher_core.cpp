#include "transport/publisher_core.hpp"

#include "arraywire/error.hpp"
#include "transport/accounts.hpp"
#include "transport/publisher_section.hpp"
#include "transport/runtime_directory.hpp"
#include "transport/signals.hpp"

#include <algorithm>
#include <cerrno>

namespace arraywire::transport {

namespace {

constexpr int kDrainRounds = 64;  // of one critical section; a flood beyond it is left to the service thread
constexpr auto kLingerOfClosedSockets = std::chrono::milliseconds{1000};
constexpr auto kGiveUpInterval = std::chrono::milliseconds{100};

void set_options(zmq::socket_t& router) {
  router.set(zmq::sockopt::router_mandatory, 1);
  router.set(zmq::sockopt::linger, static_cast<int>(kLingerOfClosedSockets.count()));
  router.set(zmq::sockopt::sndhwm, kHighWaterMark);
  router.set(zmq::sockopt::rcvhwm, kHighWaterMark);
  router.set(zmq::sockopt::maxmsgsize, std::int64_t{wire::kMaxHeaderBytes});  // subscribers send headers only
  router.set(zmq::sockopt::handshake_ivl, 3000);
  router.set(zmq::sockopt::tcp_keepalive, 1);
  router.set(zmq::sockopt::tcp_keepalive_idle, 10);
  router.set(zmq::sockopt::tcp_keepalive_intvl, 5);
  router.set(zmq::sockopt::tcp_keepalive_cnt, 4);
  router.set(zmq::sockopt::tcp_maxrt, 120'000);
}

}  // namespace

PublisherCore::PublisherCore(Service& service, std::shared_ptr<memory::Pool> pool, PublisherSettings settings)
    : service_(service),
      process_(service.process()),
      pool_(std::move(pool)),
      settings_(std::move(settings)),
      epoch_(random_id()),
      spin_(settings_.spin),
      book_(settings_.delivery, settings_.history) {
  service.require_own_process();
  check_metadata();
  const memory::AccountIds allowed = look_up(settings_.allow);
  folder_ = std::make_unique<StreamFolder>(usable_runtime_directory(service.given_runtime_directory(), allowed), settings_.stream,
                                           allowed);
  const SignalsDeferred quiet;
  const Lock lock(mutex_);
  if (settings_.lane != LaneChoice::Inline) {  // before the data socket: who finds that one finds this one too
    listener_ = std::make_unique<memory::HandOverListener>(folder_->slots_socket(), allowed);
    folder_->share(folder_->slots_socket());
    descriptors_ = {listener_->descriptor(), pool_->retired_descriptor(), bells_->descriptor()};
  }
  descriptors_.push_back(more_.descriptor());
  bind(folder_->data_endpoint());
  folder_->share(folder_->data_socket());
  for (const std::string& endpoint : settings_.listen) bind(endpoint);
  write_info();
}

// Encodes the largest Welcome that there can be: sessions are welcomed where nobody could be told that it does not work.
void PublisherCore::check_metadata() {
  try {
    wire::Encoder().welcome({.epoch = epoch_, .session = epoch_}, {.stream = settings_.stream,
                                                                   .lane_reason = std::string(wire::kMaxReasonBytes, ' '),
                                                                   .host = service_.host(),
                                                                   .metadata = settings_.metadata});
  } catch (const Error& e) {
    throw Error(e.code(), "stream '" + settings_.stream + "': its metadata cannot be sent: " + e.what());
  }
}

PublisherCore::~PublisherCore() { process_->is_own() ? close() : abandon_sockets(); }

void PublisherCore::abandon_sockets() noexcept {
  for (zmq::socket_t& router : routers_) abandon(router);
}

void PublisherCore::bind(const std::string& endpoint) {
  zmq::socket_t router(service_.zmq(), zmq::socket_type::router);
  set_options(router);
  try {
    router.bind(endpoint);
  } catch (const zmq::error_t& e) {
    const ErrorCode code = e.num() == EADDRINUSE ? ErrorCode::InUse
                           : e.num() == EACCES   ? ErrorCode::NotPermitted
                                                 : ErrorCode::System;
    throw Error(code, "stream '" + settings_.stream + "' cannot listen on " + endpoint + ": " + e.what());
  }
  endpoints_.push_back(router.get(zmq::sockopt::last_endpoint));
  descriptors_.push_back(router.get(zmq::sockopt::fd));
  routers_.push_back(std::move(router));
}

void PublisherCore::close() noexcept {
  const Lock lock(mutex_);
  if (std::exchange(closed_, true)) return;
  while (!peers_.empty()) forget(peers_.begin());
  listener_.reset();
  book_.outgoing().clear();
  for (std::size_t i = 0; i < routers_.size() && i < endpoints_.size(); ++i) {
    if (endpoints_[i].starts_with("tcp:")) free_port(service_.zmq(), routers_[i], endpoints_[i], service_.next_number());
  }
  routers_.clear();  // what was sent still goes out, within the linger
  folder_.reset();
}

// ---- critical sections

zmq::socket_t& PublisherCore::use_router(std::size_t index) {
  routers_used_ = true;
  return routers_[index];
}

bool PublisherCore::drain() {
  const bool by_rings = drain_rings();
  return drain_routers() || by_rings;
}

bool PublisherCore::drain_routers() {
  const std::uint64_t before = received_;
  for (std::size_t i = 0; i < routers_.size(); ++i) {
    while (received_ - before < kHighWaterMark && receive(use_router(i), frames_)) {
      ++received_;
      ++progress_;
      drain_rings();  // who says Bye, or Hello again, has returned before what it had to return
      handle(i);
    }
  }
  return received_ != before;
}

// A wake-up without a message is how a ROUTER lets us know that a connection ended. Which one, only sending tells.
bool PublisherCore::drain_or_probe(std::uint64_t received_before) {
  const bool got = drain();
  if (received_ == received_before && !hear_bells()) probe();
  return got;
}

void PublisherCore::settle() {
  if (closed_) return;
  flush();
  for (int round = 0;; ++round) {
    bool at_routers = false;
    if (std::exchange(routers_used_, false)) {
      for (zmq::socket_t& router : routers_) at_routers = readable(router) || at_routers;
    }
    const bool in_rings = awaits_returns() && !listen();
    if (!at_routers && !in_rings) break;
    if (round == kDrainRounds) {
      more_.set();
      break;
    }
    if (in_rings) drain_rings();
    if (at_routers) drain_routers();
    flush();
  }
  ring_bells();
  const bool urgent = book_.keeps_any();
  if (urgent != urgent_.exchange(urgent, std::memory_order_relaxed) && urgent) service_.wake();
  if (waiting_ && progress_ != progress_seen_ && !std::exchange(changed_is_set_, true)) changed_.set();
}

template <class Done> PublisherCore::Awaited PublisherCore::await(Done done, SteadyTime deadline, bool until_hard_stop) {
  const int stop = until_hard_stop ? service_.hard_stop_descriptor() : service_.stop_descriptor();
  bool may_spin = true;
  for (std::optional<std::uint64_t> received_before;;) {
    bool spins = false;
    {
      Section section(*this);
      waiting_ = spinning_ = false;
      if (std::exchange(changed_is_set_, false)) changed_.clear();
      if (received_before) {
        drain_or_probe(*received_before);
      } else {
        drain_returns();
      }
      flush();
      if (done()) return Awaited::Done;
      if (closed_ || (until_hard_stop ? service_.stopped_hard() : service_.stopped())) return Awaited::Stopped;
      if (has_passed(deadline)) return Awaited::Deadline;
      spins = may_spin && book_.waiting() > 0 && spin_.worthwhile();
      if (!spins && !listen()) {  // it came just now: no reason to sleep and be woken
        drain_rings();
        flush();
        if (done()) return Awaited::Done;
      }
      waiting_ = true;
      spinning_ = spins;
      progress_seen_ = progress_;
      received_before = received_;
    }
    awaited_.assign(descriptors_.end() - static_cast<std::ptrdiff_t>(endpoints_.size()), descriptors_.end());  // the ROUTERs
    awaited_.insert(awaited_.end(), {bells_->descriptor(), changed_.descriptor(), stop});
    if (spins) {
      const bool came = spin(settings_.give_up ? std::min(deadline, steady_now() + kGiveUpInterval) : deadline);
      may_spin = came && any_return();  // anything else is looked at as after a sleep, and not spun for again
      if (may_spin || !came) received_before.reset();
    } else if (settings_.give_up && settings_.give_up()) {
      deadline = SteadyTime::min();
    } else if (!memory::wait_readable(awaited_,
                                      settings_.give_up ? std::min(deadline, steady_now() + kGiveUpInterval) : deadline)) {
      received_before.reset();  // woken by the clock alone: no reason to suspect anybody of being gone
    }
  }
}

// ---- the publish turn

void PublisherCore::start(const Draft& draft) {
  MessagePtr message = shelf_.fetch();
  message->header.assign(draft.header.begin(), draft.header.end());
  message->frames.assign(draft.frames.begin(), draft.frames.end());
  message->bytes = 0;
  for (const Frame& frame : draft.frames) message->bytes += frame.bytes.size();
  message->slot = draft.slot;
  if (draft.slot != nullptr) message_bytes_ = draft.slot->bytes().size();
  book_.publish(std::move(message));
}

PublishStatus PublisherCore::publish(const Draft& draft, Published& result) {
  service_.require_own_process();
  if (service_.stopped()) return PublishStatus::Stopped;
  PublishStatus status = PublishStatus::Stopped;
  bool waits = false;
  const auto begin = [&]() REQUIRES(mutex_) {
    if (closed_ || finishing_) return true;
    if (draft.slot == nullptr && book_.needs_slot()) {
      status = PublishStatus::NeedsSlot;
      return true;
    }
    if (!book_.has_taker()) return false;
    start(draft);
    flush();
    status = PublishStatus::Sent;
    waits = book_.waiting() > 0;
    result = {.sequence = book_.sequence(), .receivers = book_.outcome().receivers, .missed = book_.outcome().missed};
    return true;
  };
  const SteadyTime deadline = deadline_after(settings_.block_limit);
  if (await(begin, deadline) == Awaited::Deadline) return PublishStatus::NoTaker;
  if (!waits) return status;
  const Awaited end = await([&]() REQUIRES(mutex_) { return book_.waiting() == 0; }, deadline);
  const Section section(*this);
  if (end != Awaited::Done) waive();
  result.receivers = book_.outcome().receivers;
  result.missed = book_.outcome().missed;
  return PublishStatus::Sent;
}

void PublisherCore::waive() {
  for (const Id id : book_.waive()) {
    const auto peer = peers_.find(id);
    if (peer == peers_.end() || service_.stopped()) continue;
    tell(EventKind::Waived, peer->second.about.name,
         "took nothing for the whole block limit; it is not waited for until it takes");
  }
}

void PublisherCore::read_returns() {
  const Section section(*this);
  drain_returns();
}

bool PublisherCore::needs_slot() {
  Section section(*this);
  drain_returns();
  return book_.needs_slot();
}

bool PublisherCore::wait_for_sessions(std::size_t count, SteadyTime deadline) {
  service_.require_own_process();
  return await([&]() REQUIRES(mutex_) { return book_.open_sessions() >= count; }, deadline) == Awaited::Done;
}

FinishReport PublisherCore::finish(SteadyTime deadline) {
  service_.require_own_process();
  {
    Section section(*this);
    finishing_ = true;
    book_.begin_finish();
  }
  FinishReport report;
  if (await([&]() REQUIRES(mutex_) { return book_.finished(); }, deadline, true) == Awaited::Done) return report;
  Section section(*this);
  report.complete = false;
  report.untaken = book_.undelivered();
  for (const auto& [id, peer] : peers_) {
    const SessionCounts counts = book_.counts(id);
    if (counts.complete) continue;
    report.unfinished.push_back(peer.about.name);
    report.untaken += settings_.delivery == Delivery::Distribute ? counts.leased : counts.sent - counts.taken;
  }
  book_.force_ends();
  return report;
}

PublisherCore::SlotWait::SlotWait(PublisherCore& core) noexcept : core_(core) {
  core_.slot_waits_.fetch_add(1, std::memory_order_relaxed);
  core_.service_.wake();
  core_.read_returns();  // and from now on they wake the service thread
}

void PublisherCore::count_copies(std::uint64_t copies) {
  const Lock lock(mutex_);
  copies_ += copies;
}

PublisherStatistics PublisherCore::statistics() {
  service_.require_own_process();
  const Section section(*this, Tell::Later);  // never from here: the caller may hold a lock that its callback takes
  drain_returns();
  PublisherStatistics s{
      .published = book_.sequence(), .copies = copies_, .abandoned = book_.abandoned(), .dropped_peer_messages = dropped_};
  for (const auto& [id, peer] : peers_) {
    if (peer.leaving) continue;
    s.consumers.push_back(about(id, peer));
    if (book_.counts(id).pending) s.waiting_for.push_back(peer.about.name);
  }
  s.consumers.insert(s.consumers.end(), departed_.begin(), departed_.end());
  return s;
}

// ---- the service thread

bool PublisherCore::wanted(std::size_t descriptor, bool rested) const {
  const bool urgent = urgent_.load(std::memory_order_relaxed) || slot_waits_.load(std::memory_order_relaxed) > 0;
  if (descriptors_[descriptor] == bells_->descriptor()) return urgent || (rested && settings_.delivery == Delivery::Distribute);
  const bool is_router = descriptor >= descriptors_.size() - endpoints_.size();
  return urgent || rested || !is_router;
}

// What consumers of the inline lane return is read by publish, and whoever waits for it looks himself. Where it is nothing else
// that wakes the service thread, time after time, it comes less and less often: it takes the processor from those who move
// frames.
void PublisherCore::choose_rest(SteadyTime now) {
  const bool again = now - std::exchange(served_, now) < 2 * kLongRest;
  const bool only_returns = !std::exchange(news_, false) && settings_.delivery == Delivery::FanOut;
  rest_ = again && only_returns ? std::min(2 * rest_, kLongRest) : kShortRest;
}

SteadyTime PublisherCore::serve(std::uint64_t ready, SteadyTime now) {
  Section section(*this);
  if (closed_) return SteadyTime::max();
  more_.clear();
  if (ready != 0) {
    drain_or_probe(received_at_poll_);
  } else {
    drain();
  }
  if (listener_) serve_hand_over(ready, now);  // after what came: an end comes after the Returns that were sent before it
  retry_backlogs();
  send_alives(now);
  serving_ = true;
  settle();  // before the count is noted: what is received from here on was not seen by this thread
  serving_ = false;
  received_at_poll_ = received_;
  choose_rest(now);
  return now + std::chrono::seconds{1};
}

}  // namespace arraywire::transport
