#include "consumer/session.hpp"

#include "cli/program.hpp"
#include "cli/values.hpp"
#include "consumer/stream_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace arraywire::consumer {
namespace {

using std::chrono::nanoseconds;

constexpr std::chrono::seconds kQuiet{2};  // so long without a message is worth a line

}  // namespace

Session::Session(const Options& options, Context& context, Subscriber& subscriber, Sink& sink, const cli::StopSignal& stop,
                 spdlog::logger& log)
    : options_(options), context_(context), subscriber_(subscriber), sink_(sink), stop_(stop), log_(log) {}

void Session::run() {
  const cli::LiveStatus status([this] { return status_line(); });
  quiet_since_ = Clock::now();
  try {
    end_ = take_all();
    sink_.close();
  } catch (const std::exception& error) {
    end_ = End::Error;
    complaint_ = error.what();
  }
}

End Session::take_all() {
  while (options_.count == 0 || messages_ < options_.count) {
    auto sample = subscriber_.take(patience());
    if (sample) {
      consume(std::move(*sample));
    } else if (const auto end = handle(sample.error())) {
      return *end;
    }
    if (stop_.requested()) return End::Signal;
  }
  return End::Count;
}

std::optional<End> Session::handle(TakeError error) {
  constexpr std::chrono::milliseconds kPause{200};
  switch (error) {
    case TakeError::Timeout: return nothing_came();
    case TakeError::Ended:
      source_gaps_.new_stream();
      if (!options_.follow) return End::StreamEnded;
      quiet_since_ = Clock::now();
      told_.reset();
      return std::nullopt;
    case TakeError::Refused:
      if (!may_be_refused(options_)) throw cli::Failure(fmt::format("refused by the producer: {}", subscriber_.status().reason));
      // take says so at once, again and again, until the producer restarts.
      stop_.wait_until(Clock::now() + kPause);
      return nothing_came();
    case TakeError::Stopped: return End::Signal;
    case TakeError::HoldingAll:
    case TakeError::WrongSpec: break;
  }
  throw cli::Failure(fmt::format("taking a message failed: {}", describe(error)));
}

void Session::consume(Sample sample) {
  record(sample);
  if (options_.verify) verify(sample);
  sink_.consume(sample);
  if (options_.work > nanoseconds::zero()) stop_.wait_until(Clock::now() + options_.work);
  sample.release();
  last_ = quiet_since_ = Clock::now();
  told_.reset();
}

void Session::record(const Sample& sample) {
  const MessageInfo& info = sample.info();
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) bytes += sample.array(i).bytes().size();
  // The first message's way to us belongs to the time that its bytes took.
  if (messages_ == 0) {
    last_ = Clock::now();
    first_ = last_ - std::max(nanoseconds::zero(), info.latency.value_or(nanoseconds::zero()));
  }
  messages_.fetch_add(1, std::memory_order_relaxed);
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (info.latency) latencies_.record(*info.latency);
  source_gaps_.see(info);
  if (lane_ != sample.lane()) lane_reason_ = subscriber_.status().reason;
  lane_ = sample.lane();
}

void Session::verify(const Sample& sample) {
  if (!sample.info().has_checksum) return;
  if (sample.verify()) {
    ++verified_;
    return;
  }
  ++corrupt_;
  log_.error("message {} is corrupt: its payload does not match its checksum", sample.info().sequence);
}

nanoseconds Session::patience() const {
  const auto now = Clock::now();
  nanoseconds left = kForever;
  // Until it was told, and then often enough to see that what is missing has changed.
  left = told_ ? nanoseconds(kQuiet) : std::max<nanoseconds>(nanoseconds{1}, quiet_since_ + kQuiet - now);
  if (options_.timeout > nanoseconds::zero()) left = std::min(left, options_.timeout - (now - quiet_since_));
  return std::max(left, nanoseconds{1});
}

std::optional<End> Session::nothing_came() {
  const auto quiet = Clock::now() - quiet_since_;
  if (options_.timeout > nanoseconds::zero() && quiet >= options_.timeout) return End::Timeout;
  if (quiet >= kQuiet) tell_what_is_missing();
  return std::nullopt;
}

void Session::tell_what_is_missing() {
  const SubscriberStatus status = subscriber_.status();
  // A slow stream is no news after its first message, and one line per kind of silence is enough.
  const bool slow_stream = status.state == SubscriberStatus::State::Connected && messages_ > 0;
  const bool told = told_ == status.state;
  told_ = status.state;
  if (told || slow_stream) return;
  log_.warn("no message for {:.0f} s from {}: {}; streams on this machine: {}",
            std::chrono::duration<double>(Clock::now() - quiet_since_).count(), options_.source, to_string(status),
            stream_names(list_streams(context_)));
}

int Session::exit_status() const noexcept {
  if (end_ == End::Error) return cli::kFailed;
  if (corrupt_ > 0) return cli::kCorrupt;
  return end_ == End::Timeout && messages_ == 0 ? cli::kNothingCame : cli::kDone;
}

}  // namespace arraywire::consumer
