#include "memory/slot_receiver.hpp"

#include "arraywire/error.hpp"
#include "memory/process.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace arraywire::memory {
namespace {

ConnectFailure failed(const char* step, int error) noexcept { return {.step = step, .error = error, .busy = error == EAGAIN}; }

std::optional<sockaddr_un> address_of(const std::filesystem::path& path) noexcept {
  try {
    return socket_address(path);
  } catch (...) {
    return std::nullopt;
  }
}

int connect_to(const Descriptor& socket, const sockaddr_un& address) noexcept {
  for (;;) {
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return 0;
    if (errno != EINTR) return errno;
  }
}

}  // namespace

std::string describe(const ConnectFailure& failure) {
  return std::string("hand-over: ") + failure.step + ": " + std::strerror(failure.error);
}

Result<SlotReceiver, ConnectFailure> SlotReceiver::connect(const std::filesystem::path& path, Id session,
                                                           const std::shared_ptr<PollSet>& polled, std::uint64_t key) noexcept {
  const auto address = address_of(path);
  if (!address) return failed("the socket's path", ENAMETOOLONG);
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failed("socket", errno);
  if (const int error = connect_to(socket, *address); error != 0) return failed("connect", error);
  const Descriptor process = own_process();
  if (!process) return failed("pidfd_open", errno);
  SlotReceiver receiver;
  receiver.socket_ = HandOverSocket(std::move(socket));
  receiver.watch_ = Watch(polled, receiver.socket_.descriptor(), key);
  if (!receiver.watch_) return failed("epoll_ctl", ENOSPC);
  switch (receiver.socket_.send(Greeting{.session = session}, process.get())) {
    case PacketSent::Sent: receiver.offer_ring(); return Result<SlotReceiver, ConnectFailure>(std::move(receiver));
    case PacketSent::Full:
    case PacketSent::Strained: return failed("sendmsg", EAGAIN);
    case PacketSent::Ended: break;
  }
  return failed("sendmsg", ECONNRESET);
}

std::vector<SlotReceiver::Known>::iterator SlotReceiver::find(std::uint64_t id) noexcept {
  return std::find_if(slots_.begin(), slots_.end(), [&](const Known& known) { return known.id == id; });
}

// What cannot be offered is done without.
void SlotReceiver::offer_ring() noexcept {
  auto memory = Rings::create_memory();
  if (!memory || socket_.send(RingOffer{.bytes = RingFormat::kBytes}, memory->descriptor.get()) != PacketSent::Sent) return;
  own_ring_ = std::move(memory->mapping);
}

Result<std::unique_ptr<Rings>, HandOverError> SlotReceiver::open_rings(const std::shared_ptr<PollSet>& bells) {
  while (!bell_ && socket_.ring_waits()) {
    if (const auto part = receive(); !part) return part.error();
  }
  if (!bell_) return std::unique_ptr<Rings>();
  auto rings = std::make_unique<Rings>(std::move(own_ring_), std::move(peer_ring_), std::move(bell_), bells);
  if (!*rings) return HandOverError::BadRings;
  return rings;
}

Result<SlotNews, HandOverError> SlotReceiver::receive() {
  slots_.reserve(slots_.size() + 1);  // before the packet is gone from the socket
  auto packet = socket_.receive();
  if (!packet) return packet.error();
  if (const auto* offer = std::get_if<SlotOffer>(&packet->message)) return on_offer(*offer, std::move(packet->descriptor));
  if (const auto* retire = std::get_if<Retire>(&packet->message)) return on_retire(*retire);
  if (std::holds_alternative<RingOffer>(packet->message)) return on_ring(std::move(packet->descriptor));
  if (std::holds_alternative<BellOffer>(packet->message)) return on_bell(std::move(packet->descriptor));
  return HandOverError::Unexpected;
}

Result<SlotNews, HandOverError> SlotReceiver::on_ring(Descriptor memory) noexcept {
  if (!peer_ring_.bytes().empty() || own_ring_.bytes().empty()) return HandOverError::Unexpected;
  return Rings::map(std::move(memory), peer_ring_) ? Result<SlotNews, HandOverError>(SlotNews(RingPart{}))
                                                   : HandOverError::BadRings;
}

Result<SlotNews, HandOverError> SlotReceiver::on_bell(Descriptor bell) noexcept {
  if (bell_ || peer_ring_.bytes().empty()) return HandOverError::Unexpected;
  if (!Rings::is_bell(bell)) return HandOverError::BadRings;
  bell_ = std::move(bell);
  return SlotNews(RingPart{});
}

Result<SlotNews, HandOverError> SlotReceiver::on_offer(const SlotOffer& offer, Descriptor descriptor) {
  if (find(offer.id) != slots_.end()) return HandOverError::KnownSlot;
  if (slots_.size() >= kMaxSessionSlots) return HandOverError::TooManySlots;
  slots_.push_back({.id = offer.id});
  return SlotNews(OfferedSlot{.id = offer.id, .bytes = offer.bytes, .descriptor = std::move(descriptor)});
}

Result<SlotNews, HandOverError> SlotReceiver::on_retire(const Retire& retire) noexcept {
  const auto known = find(retire.id);
  if (known == slots_.end() || known->stage != Stage::Offered) return HandOverError::UnknownSlot;
  known->stage = Stage::Retired;
  return SlotNews(retire);
}

bool SlotReceiver::unmapped(std::uint64_t id) noexcept {
  const auto known = find(id);
  if (known == slots_.end() || known->stage != Stage::Retired) return false;
  known->stage = Stage::Unmapped;
  ++waiting_;
  flush();
  return true;
}

bool SlotReceiver::flush() noexcept {
  PacketSent sent = PacketSent::Sent;
  for (std::size_t i = 0; i < slots_.size() && waiting_ > 0;) {
    if (slots_[i].stage != Stage::Unmapped) {
      ++i;
      continue;
    }
    sent = socket_.send(Unmapped{.id = slots_[i].id});
    if (sent != PacketSent::Sent) break;
    slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(i));
    --waiting_;
  }
  watch_.watch_for(sent == PacketSent::Full ? Watch::For::ReadingAndWriting : Watch::For::Reading);
  return sent != PacketSent::Ended;
}

}  // namespace arraywire::memory
