// The hand-over socket's messages: each packet decoded, and all of them said to both ends over real sockets. One byte chooses who
// hears a packet and which descriptors come with it, one its size, then its bytes; or a message that is in order.
#include "fuzz/hostile_input.hpp"
#include "memory/hand_over_fixture.hpp"
#include "memory/mapped_slots.hpp"
#include "memory/pool.hpp"
#include "memory/process.hpp"
#include "memory/slot_sender.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <cstdlib>

using namespace arraywire;
using namespace arraywire::memory;

namespace {

void require(bool yes) {
  if (!yes) std::abort();
}

HandOverMessage some_message(fuzz::Input& input) {
  switch (input.byte() % 6) {
    case 0: return Greeting{.session = {.high = 1, .low = input.byte()}};
    case 1: return SlotOffer{.id = input.byte(), .bytes = input.byte() % 2 == 0 ? 4096U : input.byte()};
    case 2: return Retire{.id = input.byte()};
    case 3: return RingOffer{.bytes = RingFormat::kBytes};
    case 4: return BellOffer{};
    default: return Unmapped{.id = input.byte()};
  }
}

// What is there to be sent: memory as it should be, memory that is not, a process, a device, a ring, a bell.
struct Descriptors {
  std::shared_ptr<Pool> pool = Pool::create(1 << 20);
  Reference slot = std::move(*pool->take(4096, std::chrono::nanoseconds{0}, -1));
  Descriptor unsealed{::memfd_create("unsealed", MFD_CLOEXEC)}, process = own_process(),
                                                                device{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  Memfd ring = std::move(*Rings::create_memory());
  Rings::BellPair bell = Rings::create_bell();
  std::vector<int> choose(unsigned choice) const {
    const std::array<int, 8> all{static_cast<Slot*>(slot.get())->descriptor(),
                                 unsealed.get(),
                                 process.get(),
                                 device.get(),
                                 ring.descriptor.get(),
                                 bell.theirs.get(),
                                 ring.descriptor.get(),
                                 bell.theirs.get()};
    std::vector<int> chosen(choice / 8 % 4, all[choice % 8]);
    return chosen;
  }
};

void hear(SlotReceiver& receiver, MappedSlots& slots, UnmapQueue& queue) {
  std::vector<UnmappedSlot> unmapped;
  for (;;) {
    auto news = receiver.receive();
    if (!news) return;
    if (auto* offered = std::get_if<OfferedSlot>(&*news)) {
      const std::uint64_t id = offered->id;
      auto mapping = check_and_map(std::move(*offered));
      if (mapping) require(mapping->bytes().size() == 4096 && slots.add(id, std::move(*mapping)));
    } else if (const auto* retired = std::get_if<Retire>(&*news)) {
      slots.retire(retired->id);
    }
    queue.unmap_all(unmapped);
    for (const UnmappedSlot& slot : unmapped) require(receiver.unmapped(slot.id));
    unmapped.clear();
  }
}

// Whatever the other end has put into its ring.
void read_all(Result<std::unique_ptr<Rings>, HandOverError> opened, fuzz::Input& input) {
  if (!opened || *opened == nullptr) return;
  Rings& rings = **opened;
  for (int i = 0; i < 200; ++i) {
    const auto entry = rings.front();
    if (!entry) break;
    require(entry->bytes.size() <= RingFormat::kMaxMessageBytes);
    rings.pop();
  }
  const auto room = rings.room(input.byte());
  if (!room.empty()) rings.put(1, room.size());
  rings.ring();
  static_cast<void>(rings.listen());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Descriptors descriptors;
  static const arraywire::testing::ScratchDirectory scratch;
  static const RawListener listener(scratch.path() / "slots.sock");
  static const auto polled = std::make_shared<PollSet>();
  fuzz::Input input({data, size});
  const auto ring = descriptors.ring.mapping.bytes();
  std::fill(ring.begin(), ring.begin() + RingFormat::kEntriesAt + 4 * RingFormat::kEntryBytes, std::byte{0});
  ring[RingFormat::kWrittenAt] = std::byte{input.byte()};  // above 64: broken
  for (std::size_t i = 0; i < 4; ++i) {
    ring[RingFormat::kEntriesAt + i * RingFormat::kEntryBytes + 8] = std::byte{input.byte()};  // sizes up to 64 KiB
    ring[RingFormat::kEntriesAt + i * RingFormat::kEntryBytes + 9] = std::byte{input.byte()};
  }

  auto receiver = SlotReceiver::connect(scratch.path() / "slots.sock", {.high = 1, .low = 1}, polled, 1);
  require(receiver.has_value());
  const RawPeer publisher = listener.accept();
  const auto queue = UnmapQueue::create();
  MappedSlots slots({.high = 1, .low = 1}, queue);

  auto ends = narrow_pair();
  SlotSender sender(std::move(ends.first), own_process(), polled, 2);
  const RawPeer subscriber(std::move(ends.second));
  const auto file = [&](std::uint64_t id) {
    return std::make_shared<const SlotFile>(SlotFile{.id = id, .bytes = 4096, .descriptor = Descriptor(::dup(0))});
  };
  for (std::uint64_t id = 1; id <= 4; ++id) sender.give(file(id));
  sender.retire(1);
  std::vector<std::uint64_t> unmapped;

  for (int i = 0; i < 200 && !input.empty(); ++i) {
    const unsigned choice = input.byte();
    std::vector<std::byte> packet;
    if ((choice & 0x40) != 0) {
      packet = bytes_of(some_message(input));
    } else {
      packet.resize(input.byte() % 32U);
      for (std::byte& byte : packet) byte = std::byte{input.byte()};
    }
    const auto message = decode(packet);
    if (message) require(bytes_of(*message) == packet);
    const RawPeer& speaker = (choice & 0x80) != 0 ? publisher : subscriber;
    if (!packet.empty()) speaker.send(packet, descriptors.choose(choice));
    hear(*receiver, slots, *queue);
    sender.serve(unmapped);
  }
  require(unmapped.size() <= 1);
  read_all(receiver->open_rings(polled), input);
  sender.open_rings(polled);
  return 0;
}
