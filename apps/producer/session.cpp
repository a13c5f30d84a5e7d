#include "producer/session.hpp"

#include "cli/values.hpp"
#include "producer/pacer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace arraywire::producer {
namespace {

using Clock = std::chrono::steady_clock;

// The element bytes of what is about to be published, as one contiguous array would have them or as they lie.
std::size_t payload_bytes(const Payload& payload) {
  if (const auto* loan = std::get_if<Loan>(&payload)) return loan->array().bytes().size();
  if (const auto* borrowed = std::get_if<Borrowed>(&payload)) return borrowed->view().bytes().size();
  const ArraySpec& spec = std::get<ConstArrayView>(payload).spec();
  return element_count(spec) * size_bytes(spec.dtype);
}

Result<Published, PublishError> publish_payload(Publisher& publisher, Payload& payload, const Metadata& metadata) {
  if (auto* loan = std::get_if<Loan>(&payload)) return publisher.publish(std::move(*loan), metadata);
  if (auto* borrowed = std::get_if<Borrowed>(&payload)) return publisher.publish(std::move(*borrowed), metadata);
  return publisher.publish_copy(std::get<ConstArrayView>(payload), metadata);
}

}  // namespace

Session::Session(const Options& options, Publisher& publisher, Source& source, const cli::StopSignal& stop, spdlog::logger& log,
                 Progress& progress)
    : options_(options), publisher_(publisher), source_(source), stop_(stop), log_(log), progress_(progress) {}

void Session::run() {
  started_ = Clock::now();
  const cli::LiveStatus status([this] { return status_line(); });
  try {
    if (wait_for_consumers()) publish_all();
  } catch (...) {
    finish();
    throw;
  }
  finish();
  if (const std::string complaint = source_.complaint(); !complaint.empty()) throw cli::Failure(complaint);
}

bool Session::wait_for_consumers() {
  constexpr std::chrono::seconds kPatience{2};
  if (publisher_.wait_for_subscribers(options_.wait_for, kPatience)) return !stop_.requested();
  if (stop_.requested()) return false;
  log_.info("waiting for {} consumer{} of stream '{}'", options_.wait_for, options_.wait_for == 1 ? "" : "s", options_.stream);
  return publisher_.wait_for_subscribers(options_.wait_for) && !stop_.requested();
}

void Session::publish_all() {
  Pacer pacer(options_.rate_hz);
  started_ = Clock::now();
  const Slots slots{.loan = [this](const ArraySpec& spec) { return make_loan(spec); },
                    .wanted = [this] { return publisher_.copies_borrowed(); }};
  while (!stop_.requested() && (options_.count == 0 || frame_id_ < options_.count)) {
    metadata_.frame_id = frame_id_;
    std::optional<Payload> payload = source_.next(slots, metadata_);
    if (!payload) {
      if (stop_.requested() || !options_.loop) break;
      source_.rewind();
      payload = source_.next(slots, metadata_);
      if (!payload) break;
    }
    if (pacer.paced() && stop_.wait_until(pacer.next(Clock::now()))) break;
    if (!publish(*payload)) break;
    ++frame_id_;
  }
  seconds_ = std::chrono::duration<double>(Clock::now() - started_).count();
}

bool Session::publish(Payload& payload) {
  const std::size_t bytes = payload_bytes(payload);
  const auto before = Clock::now();
  const auto published = publish_payload(publisher_, payload, metadata_);
  publish_times_.record(Clock::now() - before);
  if (published) {
    progress_.messages.fetch_add(1, std::memory_order_relaxed);
    progress_.bytes.fetch_add(bytes, std::memory_order_relaxed);
    return true;
  }
  if (published.error() == PublishError::Stopped) return false;
  progress_.no_taker.fetch_add(1, std::memory_order_relaxed);
  return true;
}

std::optional<Loan> Session::make_loan(const ArraySpec& spec) {
  auto loan = publisher_.loan(spec, kForever);
  if (loan) return std::move(*loan);
  if (loan.error() == LoanError::Stopped) return std::nullopt;
  throw cli::Failure(fmt::format("{} is more than the pool may hold or the machine can back: see --max-memory{}", to_string(spec),
                                 options_.source == SourceKind::Npy ? ", or use --lane inline" : ""));
}

void Session::finish() {
  if (seconds_ == 0) seconds_ = std::chrono::duration<double>(Clock::now() - started_).count();
  const FinishReport report = publisher_.finish(options_.linger);
  progress_.untaken = report.untaken;
  if (!report.complete) log_.warn("{} messages were not taken by: {}", report.untaken, fmt::join(report.unfinished, ", "));
  if (const auto lost = progress_.no_taker.load()) log_.warn("{} messages found no consumer with room", lost);
}

}  // namespace arraywire::producer
