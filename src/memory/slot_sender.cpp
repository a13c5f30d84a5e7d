#include "memory/slot_sender.hpp"

#include "memory/process.hpp"

#include <algorithm>
#include <utility>

namespace arraywire::memory {

SlotSender::SlotSender(HandOverSocket socket, Descriptor process, const std::shared_ptr<PollSet>& polled,
                       std::uint64_t key) noexcept
    : socket_(std::move(socket)),
      process_(std::move(process)),
      socket_watch_(polled, socket_.descriptor(), key),
      process_watch_(polled, process_.get(), key),
      key_(key) {}

// Of the first slot with this id or a higher one.
std::size_t SlotSender::position(std::uint64_t id) const noexcept {
  const auto found = std::lower_bound(given_.begin(), given_.end(), id, [](const Given& g, std::uint64_t i) { return g.id < i; });
  return static_cast<std::size_t>(found - given_.begin());
}
bool SlotSender::at(std::size_t position, std::uint64_t id) const noexcept {
  return position < given_.size() && given_[position].id == id;
}

bool SlotSender::give(std::shared_ptr<const SlotFile> file) {
  const std::uint64_t id = file->id;
  const std::size_t where = position(id);
  if (at(where, id) || given_.size() >= kMaxSessionSlots) return false;
  given_.insert(given_.begin() + static_cast<std::ptrdiff_t>(where), Given{.id = id, .file = std::move(file)});
  ++waiting_;
  flush();
  return true;
}

bool SlotSender::retire(std::uint64_t id) noexcept {
  const std::size_t where = position(id);
  if (!at(where, id)) return false;
  if (given_[where].stage == Stage::Offering) {
    given_.erase(given_.begin() + static_cast<std::ptrdiff_t>(where));
    --waiting_;
    return true;
  }
  if (given_[where].stage == Stage::Has) {
    given_[where].stage = Stage::Retiring;
    ++waiting_;
    flush();
  }
  return false;
}

bool SlotSender::has(std::uint64_t id) const noexcept {
  const std::size_t where = position(id);
  return at(where, id) && given_[where].stage == Stage::Has;
}

PacketSent SlotSender::send_next(Given& given) const noexcept {
  const bool offering = given.stage == Stage::Offering;
  const PacketSent sent = offering
                              ? socket_.send(SlotOffer{.id = given.id, .bytes = given.file->bytes}, given.file->descriptor.get())
                              : socket_.send(Retire{.id = given.id});
  if (sent != PacketSent::Sent) return sent;
  given.stage = offering ? Stage::Has : Stage::Retired;
  given.file.reset();
  return sent;
}

PeerState SlotSender::flush() noexcept {
  PacketSent sent = PacketSent::Sent;
  for (std::size_t i = 0; i < given_.size() && waiting_ > 0 && state_ == PeerState::Open; ++i) {
    if (given_[i].stage != Stage::Offering && given_[i].stage != Stage::Retiring) continue;
    sent = send_next(given_[i]);
    if (sent == PacketSent::Ended) state_ = PeerState::Ended;
    if (sent != PacketSent::Sent) break;
    --waiting_;
  }
  // Strained: the socket has room, so watching it for writing would report it for ever.
  socket_watch_.watch_for(sent == PacketSent::Full ? Watch::For::ReadingAndWriting : Watch::For::Reading);
  return state_;
}

bool SlotSender::came_back(std::uint64_t id) noexcept {
  const std::size_t where = position(id);
  if (!at(where, id) || given_[where].stage != Stage::Retired) return false;
  given_.erase(given_.begin() + static_cast<std::ptrdiff_t>(where));
  return true;
}

// Nothing: that was in order.
HandOverError SlotSender::hear(ReceivedPacket packet, std::vector<std::uint64_t>& unmapped) {
  if (const auto* back = std::get_if<Unmapped>(&packet.message)) {
    if (came_back(back->id)) {
      unmapped.push_back(back->id);
    } else {
      ++ignored_;
    }
    return HandOverError::Nothing;
  }
  if (!std::holds_alternative<RingOffer>(packet.message) || std::exchange(ring_offered_, true)) return HandOverError::Unexpected;
  ring_ = std::move(packet.descriptor);
  return HandOverError::Nothing;
}

PeerState SlotSender::serve(std::vector<std::uint64_t>& unmapped) {
  // A peer that sends without end gets its turn again at once, but not all of ours.
  for (std::size_t i = 0; i < kMaxSessionSlots && state_ == PeerState::Open; ++i) {
    unmapped.reserve(unmapped.size() + 1);
    auto packet = socket_.receive();
    if (!packet && packet.error() == HandOverError::Nothing) break;
    broken_by_ = packet ? hear(std::move(*packet), unmapped) : packet.error();
    if (broken_by_ == HandOverError::Nothing) continue;
    state_ = broken_by_ == HandOverError::Ended ? PeerState::Ended : PeerState::Broken;
  }
  if (state_ == PeerState::Open && has_ended(process_.get())) state_ = PeerState::Ended;
  return flush();
}

std::unique_ptr<Rings> SlotSender::open_rings(const std::shared_ptr<PollSet>& bells) {
  Mapping theirs;
  if (!ring_ || !Rings::map(std::move(ring_), theirs)) return nullptr;
  auto ours = Rings::create_memory();
  auto bell = Rings::create_bell();
  if (!ours || !bell.theirs) return nullptr;
  auto rings = std::make_unique<Rings>(std::move(ours->mapping), std::move(theirs), std::move(bell.ours), bells);
  if (!*rings) return nullptr;
  const bool offered = socket_.send(RingOffer{.bytes = RingFormat::kBytes}, ours->descriptor.get()) == PacketSent::Sent &&
                       socket_.send(BellOffer{}, bell.theirs.get()) == PacketSent::Sent;
  return offered ? std::move(rings) : nullptr;
}

std::vector<std::uint64_t> SlotSender::slots() const {
  std::vector<std::uint64_t> ids;
  ids.reserve(given_.size());
  for (const Given& given : given_) ids.push_back(given.id);
  return ids;
}

}  // namespace arraywire::memory
