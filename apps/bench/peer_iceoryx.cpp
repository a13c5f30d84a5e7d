// peer/iceoryx and peer/iceoryx_polling: iceoryx 2's untyped publisher and subscriber, as in its examples icedelivery (loan,
// publish, take) and waitset (a subscriber's state HAS_DATA), with the policies of its "Quality of Service" that lose nothing:
// the publisher waits for a subscriber whose queue is full. It does so in a loop around sched_yield, at its processor's expense.
// https://github.com/eclipse-iceoryx/iceoryx/tree/v2.0.3: iceoryx_examples, and doc/website/concepts/qos-policies.md.
//
// Nothing is copied: the producer fills shared memory that RouDi made, and the consumer reads it there. When nobody has the frame
// that was sent last any more, loan() gives its memory again. The receiver that polls takes in a bare loop until there is a
// frame, as iceoryx's own benchmark (iceperf) does.
#include "peer_main.hpp"
#include "roudi.hpp"

#include <unistd.h>
#include <chrono>
#include <fstream>
#include <iceoryx_hoofs/log/logmanager.hpp>
#include <iceoryx_posh/popo/untyped_publisher.hpp>
#include <iceoryx_posh/popo/untyped_subscriber.hpp>
#include <iceoryx_posh/popo/wait_set.hpp>
#include <iceoryx_posh/runtime/posh_runtime.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace bench {

namespace {

// One that is being filled and one that is being read are in no queue.
constexpr std::uint64_t kQueue = kBuffers - 2;
constexpr std::chrono::milliseconds kLookAgain{1};  // for peers that are about to come

pid_t join(const LinkSetup& setup) {
  const pid_t roudi = join_roudi(setup.directory, setup.frame_bytes);
  iox::log::LogManager::GetLogManager().SetDefaultLogLevel(iox::log::LogLevel::kWarn, iox::log::LogLevelOutput::kHideLogLevel);
  const std::string name = std::string(kRoudiClient) + std::to_string(::getpid());
  iox::runtime::PoshRuntime::initRuntime(iox::RuntimeName_t(iox::cxx::TruncateToCapacity, name));
  return roudi;
}

iox::capro::ServiceDescription describe(const LinkSetup& setup) {
  return {"arraywire-bench", iox::capro::IdString_t(iox::cxx::TruncateToCapacity, setup.channel), "frames"};
}

iox::popo::PublisherOptions publisher_options() {
  iox::popo::PublisherOptions options;
  options.historyCapacity = 0;
  options.subscriberTooSlowPolicy = iox::popo::ConsumerTooSlowPolicy::WAIT_FOR_CONSUMER;
  return options;
}

iox::popo::SubscriberOptions subscriber_options() {
  iox::popo::SubscriberOptions options;
  options.queueCapacity = kQueue;
  options.queueFullPolicy = iox::popo::QueueFullPolicy::BLOCK_PRODUCER;
  return options;
}

// A publisher knows only whether it has subscribers. So each of several leaves a file once it is one.
std::string subscribed_prefix(const LinkSetup& setup) { return setup.channel + "-subscribed-"; }

class IceoryxSender : public FrameSender {
 public:
  explicit IceoryxSender(const LinkSetup& setup)
      : setup_(setup), roudi_(join(setup)), publisher_(describe(setup), publisher_options()) {}

  void wait_for_receivers() override {
    while (!publisher_.hasSubscribers() || !all_subscribed()) std::this_thread::sleep_for(kLookAgain);
  }

  std::span<std::byte> room() override {
    const auto loaned = publisher_.loan(static_cast<std::uint32_t>(setup_.frame_bytes));
    if (loaned.has_error()) throw std::runtime_error(std::string("iceoryx: ") + iox::popo::asStringLiteral(loaned.get_error()));
    payload_ = loaned.value();
    return {static_cast<std::byte*>(payload_), setup_.frame_bytes};
  }

  void send() override { publisher_.publish(payload_); }

  std::vector<pid_t> daemons() const override { return {roudi_}; }

 private:
  bool all_subscribed() const {
    if (setup_.receivers == 1) return true;
    std::size_t subscribed = 0;
    for (const auto& entry : std::filesystem::directory_iterator(setup_.directory)) {
      if (entry.path().filename().string().starts_with(subscribed_prefix(setup_))) ++subscribed;
    }
    return subscribed == setup_.receivers;
  }

  const LinkSetup setup_;
  const pid_t roudi_;
  iox::popo::UntypedPublisher publisher_;
  void* payload_ = nullptr;
};

class IceoryxReceiver : public FrameReceiver {
 public:
  explicit IceoryxReceiver(const LinkSetup& setup) : roudi_(join(setup)), subscriber_(describe(setup), subscriber_options()) {
    if (setup.receivers == 1) return;
    while (subscriber_.getSubscriptionState() != iox::SubscribeState::SUBSCRIBED) std::this_thread::sleep_for(kLookAgain);
    std::ofstream(setup.directory / (subscribed_prefix(setup) + std::to_string(setup.receiver)));
  }

  std::span<const std::byte> receive() override {
    while (!take()) wait();
    const iox::mepoo::ChunkHeader* header = iox::mepoo::ChunkHeader::fromUserPayload(payload_);
    return {static_cast<const std::byte*>(payload_), header->userPayloadSize()};
  }

  void release() override { subscriber_.release(payload_); }

 protected:
  iox::popo::UntypedSubscriber& subscriber() noexcept { return subscriber_; }

 private:
  virtual void wait() = 0;

  bool take() {
    const auto taken = subscriber_.take();
    if (!taken.has_error()) payload_ = taken.value();
    if (!taken.has_error() || taken.get_error() == iox::popo::ChunkReceiveResult::NO_CHUNK_AVAILABLE) return !taken.has_error();
    throw std::runtime_error("iceoryx: too many frames are held");
  }

  const pid_t roudi_;  // before the subscriber, which needs it
  iox::popo::UntypedSubscriber subscriber_;
  const void* payload_ = nullptr;
};

class WaitingReceiver : public IceoryxReceiver {
 public:
  explicit WaitingReceiver(const LinkSetup& setup) : IceoryxReceiver(setup) {
    const auto attached = wait_set_.attachState(subscriber(), iox::popo::SubscriberState::HAS_DATA);
    if (attached.has_error()) throw std::runtime_error("iceoryx: cannot attach a subscriber to a wait set");
  }
  ~WaitingReceiver() override { wait_set_.detachState(subscriber(), iox::popo::SubscriberState::HAS_DATA); }

 private:
  void wait() override { static_cast<void>(wait_set_.wait()); }

  iox::popo::WaitSet<1> wait_set_{};
};

class PollingReceiver : public IceoryxReceiver {
 public:
  using IceoryxReceiver::IceoryxReceiver;

 private:
  void wait() override {}
};

std::unique_ptr<FrameSender> make_sender(const LinkSetup& setup) { return std::make_unique<IceoryxSender>(setup); }

template <class Receiver> std::unique_ptr<FrameReceiver> make_receiver(const LinkSetup& setup) {
  return std::make_unique<Receiver>(setup);
}

constexpr Transport kTransports[] = {
    {.name = "peer/iceoryx", .make_sender = make_sender, .make_receiver = make_receiver<WaitingReceiver>},
    {.name = "peer/iceoryx_polling", .make_sender = make_sender, .make_receiver = make_receiver<PollingReceiver>}};

}  // namespace

}  // namespace bench

int main(int argc, char** argv) { return bench::run_peer_main(argc, argv, bench::kTransports); }
