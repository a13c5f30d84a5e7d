// What a publisher asks of the kernel for a connection.
#include "arraywire/arraywire.hpp"
#include "memory/descriptor.hpp"
#include "transport/raw_peers.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <gtest/gtest.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <string>

namespace arraywire::transport::testing {
namespace {

int send_buffer_of(int socket) {
  int bytes = 0;
  socklen_t size = sizeof bytes;
  return ::getsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, &size) == 0 ? bytes : 0;
}

// What a new socket has, and what it is granted that asks for much.
struct SendBuffers {
  int usual = 0, wide = 0;
};
SendBuffers send_buffers_of_the_system() {
  const memory::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  SendBuffers found{.usual = send_buffer_of(socket.get())};
  const int much = 1 << 20;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &much, sizeof much);
  found.wide = send_buffer_of(socket.get());
  return found;
}

// Of the connection of this process that was accepted at `endpoint`, ipc; nothing: there is none.
std::optional<int> send_buffer_at(const std::string& endpoint) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const std::string name = entry.path().filename();
    int descriptor = -1;
    std::from_chars(name.data(), name.data() + name.size(), descriptor);
    sockaddr_un local{}, peer{};
    socklen_t local_size = sizeof local, peer_size = sizeof peer;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &local_size) != 0 || local.sun_family != AF_UNIX) continue;
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) continue;  // it listens
    if ("ipc://" + std::string(local.sun_path) == endpoint) return send_buffer_of(descriptor);
  }
  return std::nullopt;
}

class Connection : public ::testing::Test {
 protected:
  ScratchDirectory directory_{};
  Context context_{{.runtime_directory = directory_.path()}};
  Publisher publisher_{context_, "frames"};
  const std::string endpoint_ = publisher_.endpoints().front();
  const SendBuffers system_ = send_buffers_of_the_system();
};

TEST_F(Connection, ThatPayloadsGoThroughHasAsWideABufferAsTheSystemGrants) {
  RawConsumer consumer(endpoint_);
  EXPECT_EQ(consumer.join({.queue = 4, .hold = 4, .lane = LaneChoice::Inline}).lane, Lane::Inline);
  EXPECT_EQ(send_buffer_at(endpoint_), system_.wide);
}

TEST_F(Connection, ThatIsRefusedKeepsTheUsualBuffer) {
  RawConsumer consumer(endpoint_);
  consumer.session = random_id();
  consumer.hello({.stream = "another", .queue = 4, .hold = 4, .lane = LaneChoice::Inline});
  consumer.await(wire::Kind::Refused);
  EXPECT_EQ(send_buffer_at(endpoint_), system_.usual);
}

}  // namespace
}  // namespace arraywire::transport::testing
