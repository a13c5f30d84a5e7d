#include "memory/hand_over_socket.hpp"

#include "arraywire/error.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace arraywire::memory {
namespace {

// Room for one descriptor, which is room for two where the kernel pads. Whatever else comes it closes itself, and says
// MSG_CTRUNC.
struct alignas(cmsghdr) Control {
  std::array<char, CMSG_SPACE(sizeof(int))> bytes{};
};

struct Attached {
  Descriptor first{};
  std::size_t count = 0;
};

// All descriptors that the kernel gave us are owned, and all but the first closed, before anything is judged.
Attached take_descriptors(msghdr& header) noexcept {
  Attached attached;
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(control) + i * sizeof fd, sizeof fd);
      Descriptor owned(fd);
      if (attached.count++ == 0) attached.first = std::move(owned);
    }
  }
  return attached;
}

// What is wrong with the descriptors of a message that is in order.
std::optional<HandOverError> objection(const HandOverMessage& message, const Attached& attached, int flags) noexcept {
  const std::size_t wanted = carries_descriptor(message) ? 1 : 0;
  const bool cut = (flags & MSG_CTRUNC) != 0;
  if (cut && attached.count < wanted) return HandOverError::DescriptorLimit;
  if (cut || attached.count != wanted) return HandOverError::Descriptors;
  return std::nullopt;
}

PacketSent failure(int error) noexcept {
  switch (error) {
    case EAGAIN: return PacketSent::Full;
    case ENOBUFS:
    case ENOMEM:
    case ETOOMANYREFS: return PacketSent::Strained;
    default: return PacketSent::Ended;
  }
}

}  // namespace

sockaddr_un socket_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& name = path.native();
  if (name.empty() || name.size() >= sizeof address.sun_path) {
    throw Error(ErrorCode::InvalidArgument,
                name + ": a socket's path has 1 to 107 bytes, this one " + std::to_string(name.size()));
  }
  std::memcpy(address.sun_path, name.data(), name.size());
  return address;
}

HandOverSocket::HandOverSocket(Descriptor connected) noexcept : socket_(std::move(connected)), owner_(::getpid()) {}

HandOverSocket::~HandOverSocket() {
  if (socket_ && ours()) ::shutdown(socket_.get(), SHUT_RDWR);
}

bool HandOverSocket::ours() const noexcept { return owner_ == ::getpid(); }

PacketSent HandOverSocket::send(const HandOverMessage& message, int attached) const noexcept {
  if (!socket_ || !ours()) return PacketSent::Ended;
  HandOverPacket packet = encode(message);
  iovec part{.iov_base = packet.data(), .iov_len = packet.size()};
  Control control;
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (carries_descriptor(message)) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof attached);
    std::memcpy(CMSG_DATA(rights), &attached, sizeof attached);
  }
  for (;;) {
    if (::sendmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return PacketSent::Sent;  // a packet goes whole
    if (errno != EINTR) return failure(errno);
  }
}

bool HandOverSocket::ring_waits() const noexcept {
  HandOverPacket packet{};
  const ssize_t size = socket_ && ours() ? ::recv(socket_.get(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_PEEK) : -1;
  const auto message = decode(std::span(packet).first(static_cast<std::size_t>(std::max<ssize_t>(0, size))));
  return message && (std::holds_alternative<RingOffer>(*message) || std::holds_alternative<BellOffer>(*message));
}

Result<ReceivedPacket, HandOverError> HandOverSocket::receive() const noexcept {
  if (!socket_ || !ours()) return HandOverError::Ended;
  HandOverPacket packet{};
  iovec part{.iov_base = packet.data(), .iov_len = packet.size()};
  Control control;
  msghdr header{};
  ssize_t size = -1;
  do {
    header = {};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
    size = ::recvmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return errno == EAGAIN ? HandOverError::Nothing : HandOverError::Ended;
  Attached attached = take_descriptors(header);
  if (size == 0) return HandOverError::Ended;  // or an empty packet, which is nothing to go on with either
  if ((header.msg_flags & MSG_TRUNC) != 0) return HandOverError::WrongSize;
  const auto message = decode(std::span(packet).first(static_cast<std::size_t>(size)));
  if (!message) return message.error();
  if (const auto wrong = objection(*message, attached, header.msg_flags)) return *wrong;
  return ReceivedPacket{.message = *message, .descriptor = std::move(attached.first)};
}

}  // namespace arraywire::memory
