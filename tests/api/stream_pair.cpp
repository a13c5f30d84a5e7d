#include "api/stream_pair.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace arraywire::testing {

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "arraywire-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
  path_ = pattern;
}
TemporaryDirectory::~TemporaryDirectory() { std::filesystem::remove_all(path_); }

void EventLog::add(const Event& event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(event);
}
std::size_t EventLog::count(EventKind kind) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(events_.begin(), events_.end(), [&](const Event& e) { return e.kind == kind; }));
}
std::string EventLog::detail(EventKind kind) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(events_.rbegin(), events_.rend(), [&](const Event& e) { return e.kind == kind; });
  return found == events_.rend() ? std::string{} : found->detail;
}

std::string name(Transport transport) {
  return transport == Transport::SharedMemory ? "shared_memory" : transport == Transport::Ipc ? "ipc" : "tcp";
}

PublisherOptions StreamPair::publisher_options() const {
  PublisherOptions options{.block_limit = kWatchdog};
  if (transport() == Transport::Tcp) options.listen = {"tcp://127.0.0.1:0"};
  if (transport() == Transport::Ipc) options.lane = LaneChoice::Inline;
  return options;
}

std::string StreamPair::source(const Publisher& publisher) const {
  return transport() == Transport::Tcp ? publisher.endpoints().at(1) : publisher.stream();
}

Result<Published, PublishError> publish_value(Publisher& publisher, std::uint64_t value, std::int64_t bytes,
                                              const Metadata& metadata) {
  auto loan = publisher.loan(bytes_spec(bytes), kWatchdog);
  if (!loan) throw std::runtime_error("loan: " + std::string(describe(loan.error())));
  std::memcpy(loan->array().bytes().data(), &value, sizeof value);
  return publisher.publish(std::move(*loan), metadata);
}

std::uint64_t value_of(const Sample& sample) {
  std::uint64_t value = 0;
  std::memcpy(&value, sample.array().bytes().data(), sizeof value);
  return value;
}

}  // namespace arraywire::testing
