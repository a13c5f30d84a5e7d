// Both ends of a hand-over, and peers that do not keep to the rules.
#pragma once

#include "core/ids.hpp"
#include "memory/hand_over_listener.hpp"
#include "memory/hand_over_message.hpp"
#include "memory/slot_receiver.hpp"
#include "memory/waiting.hpp"
#include "transport/scratch_directory.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace arraywire::memory {

using Bytes = std::vector<std::byte>;

inline Bytes bytes_of(const HandOverMessage& message) {
  const HandOverPacket packet = encode(message);
  return {packet.begin(), packet.end()};
}
inline Bytes garbage(std::size_t size) { return Bytes(size, std::byte{0x5A}); }
inline Bytes with_version(Bytes packet, unsigned version) {
  packet[4] = static_cast<std::byte>(version);
  return packet;
}

// A watchdog, not a limit: false means that it never came.
inline bool comes(int descriptor) { return wait_readable({&descriptor, 1}, steady_now() + std::chrono::seconds{60}); }

// A socket whose other end speaks the protocol, or should.
class RawPeer {
 public:
  explicit RawPeer(Descriptor socket) : socket_(std::move(socket)) {}
  explicit RawPeer(const std::filesystem::path& path) : socket_(Descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0))) {
    const sockaddr_un address = socket_address(path);
    if (::connect(socket_.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("RawPeer: connect");
  }
  bool send(std::span<const std::byte> bytes, std::span<const int> descriptors = {}) const {
    iovec part{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(16 * sizeof(int))> control{};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (!descriptors.empty()) {
      header.msg_control = control.data();
      header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
      cmsghdr* rights = CMSG_FIRSTHDR(&header);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
      std::copy_n(reinterpret_cast<const char*>(descriptors.data()), descriptors.size_bytes(),
                  reinterpret_cast<char*>(CMSG_DATA(rights)));
    }
    return ::sendmsg(socket_.descriptor(), &header, MSG_NOSIGNAL) >= 0;
  }
  bool send(const HandOverMessage& message, int attached) const { return send(bytes_of(message), std::array{attached}); }
  bool send(const HandOverMessage& message) const { return send(bytes_of(message)); }
  // Whether the other side has ended the connection.
  bool hung_up() const {
    pollfd polled{.fd = socket_.descriptor(), .events = 0, .revents = 0};
    return ::poll(&polled, 1, 0) > 0 && (polled.revents & POLLHUP) != 0;
  }
  Result<ReceivedPacket, HandOverError> receive() const { return socket_.receive(); }
  int descriptor() const { return socket_.descriptor(); }

 private:
  HandOverSocket socket_;
};

// A publisher's hand-over socket without a publisher.
class RawListener {
 public:
  explicit RawListener(const std::filesystem::path& path, int backlog = 16)
      : socket_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = socket_address(path);
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(socket_.get(), backlog) != 0)
      throw std::runtime_error("RawListener");
  }
  RawPeer accept() const { return RawPeer(Descriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC))); }

 private:
  Descriptor socket_;
};

// A connected pair; the first of them takes only a few packets at a time.
inline std::pair<HandOverSocket, Descriptor> narrow_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    throw std::runtime_error("socketpair");
  const int least = 1;  // the kernel makes it a few KiB
  ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
  return {HandOverSocket(Descriptor(ends[0])), Descriptor(ends[1])};
}

// A listener in a folder of its own.
struct Desk {
  testing::ScratchDirectory scratch{};
  std::filesystem::path path = scratch.path() / "slots.sock";
  HandOverListener listener{path};
  std::shared_ptr<PollSet> polled = std::make_shared<PollSet>();  // the subscribers'

  SlotReceiver connect(Id session) const {
    auto connected = SlotReceiver::connect(path, session, polled, 1);
    if (!connected) throw std::runtime_error(describe(connected.error()));
    return std::move(*connected);
  }
  std::vector<std::uint64_t> serve() {
    std::vector<std::uint64_t> due;
    listener.serve(due);
    return due;
  }
};

// A forked process that runs `body` and exits, or waits to be killed if that returns true. Killed and waited for at the latest
// when this goes.
class ChildProcess {
 public:
  explicit ChildProcess(const std::function<bool()>& body) : pid_(::fork()) {
    if (pid_ != 0) return;
    bool stays = false;
    try {
      stays = body();
    } catch (...) {
      ::_exit(1);
    }
    if (!stays) ::_exit(0);
    for (;;) ::pause();
  }
  ~ChildProcess() { end(); }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void signal(int number) const { ::kill(pid_, number); }
  bool runs() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
  }
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return status;
  }
  void end() {
    if (pid_ <= 0) return;
    signal(SIGKILL);
    wait();
  }

 private:
  pid_t pid_;
};

}  // namespace arraywire::memory
