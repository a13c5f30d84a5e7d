#include "transport/sockets.hpp"

#include "core/signal_storm.hpp"
#include "memory/waiting.hpp"
#include "transport/scratch_directory.hpp"
#include "wire/decoder.hpp"
#include "wire/encoder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace arraywire::transport {
namespace {

using arraywire::testing::ScratchDirectory;
using arraywire::testing::SignalStorm;

class OwnedBytes final : public memory::Block {
 public:
  explicit OwnedBytes(std::size_t size) : bytes(size) {}
  Frame frame() { return {bytes, memory::Reference(this)}; }
  bool is_free() const { return free.load(); }

  std::vector<std::byte> bytes;
  std::atomic<bool> free{false};

 private:
  void unreferenced() noexcept override { free = true; }
};

// A ROUTER like a publisher's and a DEALER like a subscriber's, on one connection.
class Sockets : public ::testing::Test {
 protected:
  void open(const std::string& endpoint, int high_water_mark = kHighWaterMark) {
    for (zmq::socket_t* socket : {&router, &dealer}) {
      socket->set(zmq::sockopt::linger, 0);
      socket->set(zmq::sockopt::sndhwm, high_water_mark);
      socket->set(zmq::sockopt::rcvhwm, high_water_mark);
    }
    router.set(zmq::sockopt::router_mandatory, 1);
    dealer.set(zmq::sockopt::routing_id, "us");
    router.bind(endpoint);
    dealer.connect(endpoint);
  }
  void open_and_greet(const std::string& endpoint, int high_water_mark = kHighWaterMark) {
    open(endpoint, high_water_mark);
    ASSERT_EQ(send_header(dealer, {}, std::array<std::byte, 1>{}), SendResult::Sent);
    await(router);
  }
  std::string ipc() const { return "ipc://" + (directory.path() / "s").string(); }
  // Waits for a message; its frames are then in `frames`.
  void await(zmq::socket_t& socket) {
    const std::array descriptor{socket.get(zmq::sockopt::fd)};
    while (!receive(socket, frames)) {
      if (!readable(socket)) memory::wait_readable(descriptor, steady_now() + std::chrono::seconds{1});
    }
  }
  static bool becomes_free(const OwnedBytes& block) {
    const SteadyTime watchdog = steady_now() + std::chrono::seconds{60};
    while (!block.is_free() && steady_now() < watchdog) memory::wait_readable({}, steady_now() + std::chrono::milliseconds{1});
    return block.is_free();
  }

  ScratchDirectory directory{};
  std::optional<zmq::context_t> context{std::in_place};
  zmq::socket_t router{*context, zmq::socket_type::router};
  zmq::socket_t dealer{*context, zmq::socket_type::dealer};
  Frames frames{};
};

// ---- receive

TEST_F(Sockets, ReceiveDrainsAnyNumberOfFramesAndCountsThem) {
  open_and_greet("inproc://frames");
  for (const std::size_t count :
       {std::size_t{1}, std::size_t{3}, Frames::kMaxFrames - 1, Frames::kMaxFrames, std::size_t{10'000}}) {
    for (std::size_t i = 0; i < count; ++i) {
      dealer.send(zmq::message_t(i), i + 1 < count ? zmq::send_flags::sndmore : zmq::send_flags::none);
    }
    await(router);
    EXPECT_EQ(frames.count, count + 1) << "with the address";
    EXPECT_EQ(frames.frames.size(), Frames::kMaxFrames);
    for (std::size_t i = 1; i < std::min(frames.count, Frames::kMaxFrames); ++i) EXPECT_EQ(frames.frames[i].size(), i - 1);
    EXPECT_FALSE(receive(router, frames)) << "it was read to its end";
    EXPECT_EQ(frames.count, 0U);
  }
}

TEST_F(Sockets, ReceiveSaysWhenNothingWaits) {
  open_and_greet("inproc://nothing");
  EXPECT_FALSE(receive(router, frames));
  EXPECT_FALSE(readable(router));
  ASSERT_EQ(send_header(dealer, {}, {}), SendResult::Sent);
  EXPECT_TRUE(readable(router));
  ASSERT_TRUE(receive(router, frames));
  EXPECT_EQ(frames.count, 2U);
  EXPECT_EQ(frames.frames[1].size(), 0U);
}

TEST_F(Sockets, NoMessageIsLostOrTornInAStormOfSignals) {
  open_and_greet(ipc());
  const SignalStorm storm;
  constexpr std::uint32_t kMessages = 5000;
  std::uint32_t sent = 0;
  for (std::uint32_t received = 0; received < kMessages; ++received) {
    while (sent < kMessages && sent < received + 100) {
      for (int i = 0; i < 3; ++i) {
        dealer.send(zmq::const_buffer(&sent, sizeof sent), i < 2 ? zmq::send_flags::sndmore : zmq::send_flags::none);
      }
      ++sent;
    }
    await(router);
    ASSERT_EQ(frames.count, 4U);
    for (int i = 1; i <= 3; ++i) ASSERT_EQ(*frames.frames[static_cast<std::size_t>(i)].data<std::uint32_t>(), received);
  }
  EXPECT_FALSE(receive(router, frames));
}

// ---- sending

TEST_F(Sockets, AnUnknownAddressIsUnreachableAndTheNextSendIsFine) {
  open_and_greet("inproc://address");
  const std::array<std::byte, 4> header{};
  EXPECT_EQ(send_header(router, "nobody", header), SendResult::Unreachable);
  EXPECT_EQ(send_header(router, "us", header), SendResult::Sent);
  await(dealer);
  EXPECT_EQ(frames.count, 1U);
  EXPECT_EQ(frames.frames[0].size(), 4U);
}

TEST_F(Sockets, WithoutAPeerADealerWouldBlock) { EXPECT_EQ(send_header(dealer, {}, {}), SendResult::WouldBlock); }

Message message_of(std::span<OwnedBytes* const> blocks) {
  wire::Encoder encoder;
  Message message;
  std::vector<ArraySpec> specs;
  std::vector<std::uint64_t> offsets;
  for (OwnedBytes* block : blocks) {
    specs.push_back({.dtype = DType::UInt8, .shape = {static_cast<std::int64_t>(block->bytes.size())}});
    offsets.push_back(0);
    message.frames.push_back(block->frame());
  }
  const auto header = encoder.data({specs, offsets, {}, {}, 0, {}});
  message.header.assign(header.begin(), header.end());
  return message;
}

TEST_F(Sockets, DataIsItsStampedHeaderAndItsPayload) {
  open_and_greet("inproc://data");
  OwnedBytes first(100), second(5);
  std::iota(reinterpret_cast<unsigned char*>(first.bytes.data()), reinterpret_cast<unsigned char*>(first.bytes.data()) + 100,
            std::uint8_t{0});
  const Id epoch{1, 2}, session{3, 4};
  const wire::Stamp stamp{.delivery = 5, .sequence = 6, .missed_before = 7, .attempt = 2};
  std::vector<zmq::message_t> parts;
  {
    const Message message = message_of(std::array{&first, &second});
    ASSERT_EQ(send_data(router, "us", message, epoch, session, stamp, parts), SendResult::Sent);
    EXPECT_TRUE(parts.empty());
  }
  await(dealer);
  ASSERT_EQ(frames.count, 3U);
  wire::Decoder decoder;
  wire::Data data;
  const auto envelope = decoder.read(bytes_of(frames.frames[0]));
  ASSERT_TRUE(envelope && decoder.data(data));
  EXPECT_EQ(envelope->epoch, epoch);
  EXPECT_EQ(envelope->session, session);
  EXPECT_EQ(data.stamp, stamp);
  EXPECT_EQ(frames.frames[1].data(), first.bytes.data()) << "inproc: the very bytes";
  EXPECT_EQ(frames.frames[2].size(), 5U);
  EXPECT_FALSE(first.is_free());
  frames = {};
  EXPECT_TRUE(first.is_free());
  EXPECT_TRUE(second.is_free());
}

TEST_F(Sockets, DataThatIsNotSentLetsGoOfItsPayload) {
  open_and_greet("inproc://full", 1);
  OwnedBytes unreachable(100), full(100);
  std::vector<zmq::message_t> parts;
  EXPECT_EQ(send_data(router, "nobody", message_of(std::array{&unreachable}), {}, {}, {}, parts), SendResult::Unreachable);
  EXPECT_TRUE(unreachable.is_free());
  SendResult result = SendResult::Sent;
  std::uint64_t sent = 0;
  std::vector<std::unique_ptr<OwnedBytes>> queued;
  while (result == SendResult::Sent) {
    queued.push_back(std::make_unique<OwnedBytes>(100));
    result = send_data(router, "us", message_of(std::array{queued.back().get()}), {}, {}, {.delivery = ++sent}, parts);
  }
  EXPECT_EQ(result, SendResult::WouldBlock);
  EXPECT_TRUE(queued.back()->is_free());
  for (std::uint64_t i = 1; i < sent; ++i) {
    ASSERT_TRUE(receive(dealer, frames));
    EXPECT_EQ(frames.count, 2U) << "whole messages";
  }
  EXPECT_FALSE(receive(dealer, frames)) << "nothing of the one that would have blocked";
  frames = {};
  dealer.close();
  router.close();
  context.reset();
}

// ---- owning_message: one reference each, whatever happens

TEST_F(Sockets, AMessageOwnsOneReferenceAndDropsItOnce) {
  OwnedBytes block(100);
  {
    std::optional<memory::Reference> mine(std::in_place, &block);
    {
      zmq::message_t message = owning_message({block.bytes, *mine});
      EXPECT_EQ(message.data(), block.bytes.data());
      const zmq::message_t moved = std::move(message);
      mine.reset();
      EXPECT_FALSE(block.is_free()) << "the message's reference is left";
      mine.emplace(&block);
    }
    EXPECT_FALSE(block.is_free()) << "mine is left";
  }
  EXPECT_TRUE(block.is_free());
}

TEST_F(Sockets, EvenAnEmptyOrTinyFrameDropsItsReference) {
  for (const std::size_t size : {0U, 1U, 33U}) {
    OwnedBytes block(size);
    static_cast<void>(owning_message(block.frame()));
    EXPECT_TRUE(block.is_free()) << size;
  }
}

TEST_F(Sockets, ASentMessageDropsItWhenTheKernelHasTheBytes) {
  open_and_greet(ipc());
  OwnedBytes block(1 << 20);
  zmq::message_t message = owning_message(block.frame());
  dealer.send(message, zmq::send_flags::none);
  await(router);
  EXPECT_EQ(frames.frames[1].size(), block.bytes.size());
  EXPECT_TRUE(becomes_free(block));
}

TEST_F(Sockets, AMessageInAClosedSocketsQueueDropsItWithTheContextAtTheLatest) {
  open_and_greet(ipc(), 1000);
  std::vector<std::unique_ptr<OwnedBytes>> blocks;
  for (int i = 0; i < 50; ++i) {
    blocks.push_back(std::make_unique<OwnedBytes>(1 << 20));
    zmq::message_t message = owning_message(blocks.back()->frame());
    dealer.send(message, zmq::send_flags::none);
  }
  dealer.close();
  router.close();
  context.reset();
  for (const auto& block : blocks) EXPECT_TRUE(block->is_free());
}

TEST_F(Sockets, AMessageForAPeerThatGoesDropsIt) {
  open_and_greet(ipc());
  std::vector<std::unique_ptr<OwnedBytes>> blocks;
  std::vector<zmq::message_t> parts;
  for (int i = 0; i < 20; ++i) {
    blocks.push_back(std::make_unique<OwnedBytes>(1 << 20));
    ASSERT_EQ(send_data(router, "us", message_of(std::array{blocks.back().get()}), {}, {}, {}, parts), SendResult::Sent);
  }
  dealer.close();
  for (const auto& block : blocks) {
    while (!block->is_free()) static_cast<void>(readable(router));  // zmq frees a dead pipe's messages when its socket is used
  }
}

}  // namespace
}  // namespace arraywire::transport
