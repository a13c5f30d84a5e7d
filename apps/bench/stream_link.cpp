#include "stream_link.hpp"

#include "stream_calls.hpp"

#include <optional>
#include <string>
#include <utility>

namespace bench {

namespace {

using arraywire::Lane;

std::shared_ptr<arraywire::Context> context_of(const LinkSetup& setup) {
  return in_common(setup, [&] { return std::make_shared<arraywire::Context>(context_options(setup.directory)); });
}

class StreamSender : public FrameSender {
 public:
  StreamSender(const LinkSetup& setup, const arraywire::PublisherOptions& options)
      : receivers_(setup.receivers),
        spec_(frame_spec(setup.frame_bytes)),
        context_(context_of(setup)),
        publisher_(*context_, setup.channel, options) {}

  std::string address() const override { return publisher_.endpoints().back(); }
  void wait_for_receivers() override { wait_for_subscribers(publisher_, receivers_); }
  std::span<std::byte> room() override {
    loan_ = loan_frame(publisher_, spec_);
    return loan_->array().bytes();
  }
  void send() override { expect_receivers(publisher_.publish(*std::exchange(loan_, std::nullopt)), receivers_); }

 private:
  const std::size_t receivers_;
  const arraywire::ArraySpec spec_;
  const std::shared_ptr<arraywire::Context> context_;
  arraywire::Publisher publisher_;
  std::optional<arraywire::Loan> loan_{};
};

class StreamReceiver : public FrameReceiver {
 public:
  StreamReceiver(const LinkSetup& setup, const std::string& stream, Lane lane)
      : StreamReceiver(setup, stream, lane, subscriber_options(lane, setup.frame_bytes)) {}
  StreamReceiver(const LinkSetup& setup, const std::string& stream, Lane lane, const arraywire::SubscriberOptions& options)
      : lane_(lane), context_(context_of(setup)), subscriber_(*context_, stream, options) {}

  std::span<const std::byte> receive() override {
    sample_ = take_whole(subscriber_, lane_);
    return sample_->array().bytes();
  }
  void release() override { sample_ = std::nullopt; }

 private:
  const Lane lane_;
  const std::shared_ptr<arraywire::Context> context_;
  arraywire::Subscriber subscriber_;
  std::optional<arraywire::Sample> sample_{};
};

std::unique_ptr<FrameSender> send_shared_memory(const LinkSetup& setup) {
  return std::make_unique<StreamSender>(setup, publisher_options(Lane::SharedMemory, setup.frame_bytes));
}

std::unique_ptr<FrameReceiver> receive_shared_memory(const LinkSetup& setup) {
  return std::make_unique<StreamReceiver>(setup, setup.channel, Lane::SharedMemory);
}

std::unique_ptr<FrameSender> send_no_spin(const LinkSetup& setup) {
  auto options = publisher_options(Lane::SharedMemory, setup.frame_bytes);
  options.spin = {};
  return std::make_unique<StreamSender>(setup, options);
}

std::unique_ptr<FrameReceiver> receive_no_spin(const LinkSetup& setup) {
  auto options = subscriber_options(Lane::SharedMemory, setup.frame_bytes);
  options.spin = {};
  return std::make_unique<StreamReceiver>(setup, setup.channel, Lane::SharedMemory, options);
}

std::unique_ptr<FrameSender> send_ipc(const LinkSetup& setup) {
  return std::make_unique<StreamSender>(setup, publisher_options(Lane::Inline, setup.frame_bytes));
}

std::unique_ptr<FrameReceiver> receive_ipc(const LinkSetup& setup) {
  arraywire::keep_receive_memory();
  return std::make_unique<StreamReceiver>(setup, setup.channel, Lane::Inline);
}

std::unique_ptr<FrameSender> send_tcp(const LinkSetup& setup) {
  auto options = publisher_options(Lane::Inline, setup.frame_bytes);
  options.listen = {"tcp://127.0.0.1:0"};
  return std::make_unique<StreamSender>(setup, options);
}

std::unique_ptr<FrameReceiver> receive_tcp(const LinkSetup& setup) {
  arraywire::keep_receive_memory();
  return std::make_unique<StreamReceiver>(setup, setup.address, Lane::Inline);
}

}  // namespace

constinit const Transport kSharedMemory{
    .name = "shared_memory", .make_sender = send_shared_memory, .make_receiver = receive_shared_memory};
constinit const Transport kSharedMemoryNoSpin{
    .name = "shared_memory_no_spin", .make_sender = send_no_spin, .make_receiver = receive_no_spin};
constinit const Transport kInlineIpc{.name = "inline/ipc", .make_sender = send_ipc, .make_receiver = receive_ipc};
constinit const Transport kInlineTcp{.name = "inline/tcp", .make_sender = send_tcp, .make_receiver = receive_tcp};

}  // namespace bench
