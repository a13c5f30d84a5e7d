#include "floor_unix_socket.hpp"

#include "frame.hpp"
#include "unix_stream.hpp"

#include <filesystem>
#include <vector>

namespace bench {

namespace {

std::filesystem::path path_of(const LinkSetup& setup) { return setup.directory / setup.channel; }

class SocketSender : public FrameSender {
 public:
  explicit SocketSender(const LinkSetup& setup)
      : receiver_count_(setup.receivers), frame_(setup.frame_bytes), listener_(listen_at(path_of(setup))) {}

  void wait_for_receivers() override {
    while (receivers_.size() < receiver_count_) receivers_.push_back(accept_one(listener_));
  }
  std::span<std::byte> room() override { return frame_.bytes(); }
  void send() override {
    for (const Descriptor& receiver : receivers_) write_exactly(receiver, frame_.bytes());
  }

 private:
  const std::size_t receiver_count_;
  const WarmBuffer frame_;
  const Descriptor listener_;
  std::vector<Descriptor> receivers_{};
};

class SocketReceiver : public FrameReceiver {
 public:
  explicit SocketReceiver(const LinkSetup& setup) : frame_(setup.frame_bytes), sender_(connect_to(path_of(setup))) {}

  std::span<const std::byte> receive() override {
    read_exactly(sender_, frame_.bytes());
    return frame_.bytes();
  }
  void release() override {}

 private:
  const WarmBuffer frame_;
  const Descriptor sender_;
};

std::unique_ptr<FrameSender> make_sender(const LinkSetup& setup) { return std::make_unique<SocketSender>(setup); }
std::unique_ptr<FrameReceiver> make_receiver(const LinkSetup& setup) { return std::make_unique<SocketReceiver>(setup); }

}  // namespace

constinit const Transport kUnixSocket{.name = "floor/unix_socket", .make_sender = make_sender, .make_receiver = make_receiver};

}  // namespace bench
