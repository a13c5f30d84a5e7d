// Whole messages, header and payload frames, through what a publisher and a subscriber do with them. The input is a list of
// actions of a hostile peer, most of them a valid message with a few bytes changed. Whatever it was, the next peer is served.
#include "fuzz/hostile_input.hpp"
#include "transport/publisher_core.hpp"
#include "transport/scratch_directory.hpp"
#include "transport/subscriber_core.hpp"
#include "transport/subscriber_section.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace arraywire::transport {

namespace {

void require(bool holds, const char* promise) {
  if (!holds) throw std::logic_error(promise);
}

wire::Hello hello_of(fuzz::Input& input, Id replaces) {
  return {.queue = input.byte() % 4U,
          .hold = input.byte() % 4U,
          .when_full = static_cast<WhenFull>(input.byte() % 4U),
          .lane = static_cast<LaneChoice>(input.byte() % 3U),
          .replaces = replaces,
          .held = input.numbers()};
}

// ---- a publisher

struct Payload final : memory::Block {
  std::array<std::byte, 8> bytes{};

 private:
  void unreferenced() noexcept override {}
};

// A DEALER on an inproc endpoint: everything happens on the fuzzer's thread.
class Target {
 public:
  Target(Service& service, const char* stream, Delivery delivery, std::uint32_t history)
      : pool_(memory::Pool::create(1 << 24)),
        core_(service, pool_,
              {.stream = stream,
               .listen = {std::string("inproc://") + stream},
               .delivery = delivery,
               .history = history,
               .lane = LaneChoice::Inline}),
        dealer_(service.zmq(), zmq::socket_type::dealer) {
    dealer_.set(zmq::sockopt::linger, 0);
    dealer_.connect(core_.endpoints().back());
    const ArraySpec spec{.dtype = DType::UInt8, .shape = {8}};
    const std::uint64_t offset = 0;
    const auto header = encoder_.data({std::span(&spec, 1), std::span(&offset, 1), {}, {}, 0, {}});
    data_header_.assign(header.begin(), header.end());
    serve_a_good_consumer();
  }

  void attack(fuzz::Input& input) {
    session_ = {};
    while (!input.empty()) {
      act(input);
      receive_all();
    }
    if (session_) say(encoder_.bye(envelope(), {}));
    serve_a_good_consumer();
  }

 private:
  wire::Envelope envelope() const { return {.epoch = epoch_, .session = session_}; }

  void act(fuzz::Input& input) {
    switch (input.byte() % 6U) {
      case 0: {
        const Id replaced = std::exchange(session_, new_session());
        send(input, encoder_.hello({.session = session_}, hello_of(input, replaced)));
        break;
      }
      case 1: {
        wire::Return message{.taken_through = input.byte(), .released = input.numbers(), .rejected = input.numbers()};
        const unsigned said = input.byte();
        message.want = said % 2U != 0;
        message.ended = said / 2U % 2U != 0;
        send(input, encoder_.returns(envelope(), message));
        break;
      }
      case 2: send(input, encoder_.alive(envelope())); break;
      case 3: send(input, encoder_.bye(envelope(), {.held = input.numbers()})); break;
      case 4: send(input, input.raw()); break;
      case 5: publish(); break;
    }
  }

  // `header` with the input's changes, alone or among other frames.
  void send(fuzz::Input& input, std::span<const std::byte> header) {
    const std::vector<std::byte> changed = input.change(header);
    const unsigned surplus = input.byte() < 224 ? 0 : input.byte();
    dealer_.send(zmq::const_buffer(changed.data(), changed.size()),
                 surplus > 0 ? zmq::send_flags::sndmore : zmq::send_flags::none);
    for (unsigned i = surplus; i > 0; --i) {
      dealer_.send(zmq::const_buffer("", 0), i > 1 ? zmq::send_flags::sndmore : zmq::send_flags::none);
    }
    static_cast<void>(core_.needs_slot());  // reads what came
  }
  void say(std::span<const std::byte> header) {
    dealer_.send(zmq::const_buffer(header.data(), header.size()));
    static_cast<void>(core_.needs_slot());
  }

  // Borrowed memory, or a slot where that will not do: a history keeps what it sends.
  bool publish() {
    Published published;
    const std::array borrowed{Frame{payload_.bytes, memory::Reference(&payload_)}};
    PublishStatus status = core_.publish({.header = data_header_, .frames = borrowed}, published);
    if (status != PublishStatus::NeedsSlot) return status == PublishStatus::Sent;
    const auto taken = pool_->take(payload_.bytes.size(), {}, -1);
    if (!taken) return false;
    auto* slot = static_cast<memory::Slot*>(taken->get());
    const std::array packed{Frame{slot->bytes().first(payload_.bytes.size()), *taken}};
    status = core_.publish({.header = data_header_, .frames = packed, .slot = slot}, published);
    return status == PublishStatus::Sent;
  }

  // One that no changed Hello has begun already.
  Id new_session() {
    Id id{9, ++sessions_};
    while (deliveries_.contains(id)) id.low = ++sessions_;
    return id;
  }

  // Returns how many deliveries session_ got.
  std::uint64_t receive_all() {
    while (receive(dealer_, frames_)) {
      const auto envelope = decoder_.read(bytes_of(frames_.frames[0]));
      require(envelope.has_value(), "what a publisher sends can be read");
      epoch_ = envelope->epoch;
      if (envelope->kind == wire::Kind::Welcome) deliveries_[envelope->session] = 0;
      if (envelope->kind != wire::Kind::Data) continue;
      const auto session = deliveries_.find(envelope->session);
      require(session != deliveries_.end(), "Welcome is what every session begins with");
      wire::Data data;
      require(decoder_.data(data) && frames_.count == 2 && frames_.frames[1].size() == 8, "Data is a header and its payload");
      require(data.stamp.delivery == ++session->second, "deliveries are numbered without gaps");
    }
    const auto session = deliveries_.find(session_);
    return session == deliveries_.end() ? 0 : session->second;
  }

  // Takes everything that may still wait for somebody, and then one message more.
  void serve_a_good_consumer() {
    session_ = new_session();
    say(encoder_.hello({.session = session_}, {.queue = 1000, .hold = 1000}));
    receive_all();
    require(deliveries_.contains(session_), "after anything, a good consumer is welcomed");
    take_everything();
    const std::uint64_t before = receive_all();
    require(publish(), "and a message can be published");
    require(receive_all() == before + 1, "and reaches it");
    take_everything();
    say(encoder_.bye(envelope(), {}));
    receive_all();
    session_ = {};
  }
  void take_everything() {
    for (std::uint64_t released = 0, delivered = receive_all(); released < delivered; delivered = receive_all()) {
      wire::Return message{.taken_through = delivered};
      while (released < delivered && message.released.size() < wire::kMaxListed) message.released.push_back(++released);
      say(encoder_.returns(envelope(), message));
    }
  }

  Payload payload_{};
  std::shared_ptr<memory::Pool> pool_;
  PublisherCore core_;
  zmq::socket_t dealer_;
  wire::Encoder encoder_{};
  wire::Decoder decoder_{};
  Frames frames_{};
  std::vector<std::byte> data_header_{};
  Id epoch_{};
  Id session_{};
  std::uint64_t sessions_ = 0;
  std::map<Id, std::uint64_t> deliveries_{};  // of each session that was welcomed
};

}  // namespace

// ---- a subscriber

// Frames as if they had come from the socket, which is connected to nothing.
class FrameFeeder {
 public:
  explicit FrameFeeder(SubscriberCore& core) : core_(core) {}

  Id begin_session() {
    const SubscriberCore::Section section(core_);
    core_.send_hello();
    return core_.session_;
  }
  void feed(const std::vector<std::vector<std::byte>>& frames) {
    const SubscriberCore::Section section(core_);
    core_.frames_.count = frames.size();
    for (std::size_t i = 0; i < frames.size() && i < Frames::kMaxFrames; ++i) {
      zmq::message_t& frame = core_.frames_.frames[i];
      frame.rebuild(frames[i].size());
      std::copy(frames[i].begin(), frames[i].end(), frame.data<std::byte>());
    }
    core_.handle();
  }
  // As if it had been in the ring.
  void feed_entry(std::span<const std::byte> bytes) {
    const SubscriberCore::Section section(core_);
    core_.handle_entry(bytes);
  }

 private:
  SubscriberCore& core_;
};

namespace {

class Victim {
 public:
  explicit Victim(Service& service)
      : core_(std::make_shared<SubscriberCore>(service, "nobody", SubscriberOptions{.queue = 4, .hold = 4, .name = "victim"})),
        feeder_(*core_) {}

  void attack(fuzz::Input& input) {
    begin(input.byte());
    while (!input.empty()) act(input);
    release_all();
    while (take() || !inbox_seen_empty()) release_all();
    listen_to_a_good_publisher();
  }

 private:
  wire::Envelope envelope() const { return {.epoch = epoch_, .session = session_}; }

  void begin(std::uint8_t how) {
    session_ = feeder_.begin_session();
    if (how % 4U == 0) epoch_.low += 1;
    const wire::Welcome welcome{.stream = "nobody",
                                .delivery = how / 4 % 2 == 0 ? Delivery::FanOut : Delivery::Distribute,
                                .queue = 4,
                                .hold = 1U + how / 8U % 8U,
                                .when_full = how / 64 % 2 == 0 ? WhenFull::Block : WhenFull::Latest,
                                .sequence = sequence_};
    feed(encoder_.welcome(envelope(), welcome));
    delivery_ = 0;
  }

  void act(fuzz::Input& input) {
    switch (input.byte() % 8U) {
      case 0:
      case 1: data(input); break;
      case 2:
        feed(input.change(encoder_.end(envelope(), {.last_sequence = sequence_ + input.byte() % 4U, .missed = input.byte()})));
        break;
      case 3: feed(input.change(encoder_.alive(envelope()))); break;
      case 4: feed(input.change(encoder_.refused(envelope(), {.reason = "no"}))); break;
      case 5: feed(input.raw()); break;
      case 6: begin(input.byte()); break;
      case 7: input.byte() % 2U == 0 ? static_cast<void>(take()) : release_all(); break;
    }
  }

  void feed(std::span<const std::byte> header) { feeder_.feed({{header.begin(), header.end()}}); }

  void data(fuzz::Input& input) {
    std::vector<ArraySpec> specs;
    std::vector<std::uint64_t> offsets;
    for (unsigned i = 0; i <= input.byte() % 3U; ++i) {
      specs.push_back({.dtype = DType::UInt16, .shape = {input.byte() % 5, input.byte() % 5}});
      offsets.push_back(input.byte() * 8U);
    }
    std::vector<std::byte> header;
    const auto encoded = encoder_.data({specs, offsets, {}, {}, 0, {}});
    header.assign(encoded.begin(), encoded.end());
    delivery_ += input.byte() < 224 ? 1 : 0;
    sequence_ += input.byte() % 3U;
    wire::stamp(
        header, epoch_, session_,
        {.delivery = delivery_, .sequence = sequence_, .missed_before = input.byte() % 4U, .slot = input.byte() < 224 ? 0U : 1U});
    std::vector<std::vector<std::byte>> frames{input.change(header)};
    for (const ArraySpec& spec : specs) frames.emplace_back(checked_extent_bytes(spec) + (input.byte() < 224 ? 0U : 1U));
    for (unsigned more = input.byte() < 240 ? 0U : input.byte(); more > 0; --more) frames.emplace_back(1);
    input.byte() < 32 ? feeder_.feed_entry(frames.front()) : feeder_.feed(frames);
  }

  bool inbox_seen_empty() const { return core_->status().waiting == 0; }

  // What is taken is what its header says, to the last byte.
  bool take() {
    const auto taken = core_->take(steady_now());
    if (!taken) return false;
    Received* received = *taken;
    require(received->payload.size() == received->data.specs.size(), "as many payloads as specs");
    for (std::size_t i = 0; i < received->data.specs.size(); ++i) {
      const auto bytes = received->bytes(i);
      require(bytes.size() == checked_extent_bytes(received->data.specs[i]), "of the size that the spec needs");
      for (const std::byte byte : bytes) sum_ = sum_ + std::to_integer<unsigned>(byte);
    }
    held_.push_back(received);
    if (held_.size() > 4) throw std::logic_error("more than `hold` samples were given out");
    return true;
  }
  void release_all() {
    for (Received* received : std::exchange(held_, {})) Received::give_back(received, sum_ % 2 == 1);
  }

  void listen_to_a_good_publisher() {
    epoch_.low += 1;
    sequence_ = 0;
    begin(1);
    const ArraySpec spec{.dtype = DType::UInt8, .shape = {8}};
    const std::uint64_t offset = 0;
    const auto encoded = encoder_.data({std::span(&spec, 1), std::span(&offset, 1), {}, {}, 0, {}});
    std::vector<std::byte> header(encoded.begin(), encoded.end());
    wire::stamp(header, epoch_, session_, {.delivery = 1, .sequence = 1});
    feeder_.feed({header, std::vector<std::byte>(8)});
    require(take(), "after anything, a good publisher is listened to");
    release_all();
    require(core_->status().unreleased == 0, "and nothing is left over");
    sequence_ = 1;
  }

  std::shared_ptr<SubscriberCore> core_;
  FrameFeeder feeder_;
  wire::Encoder encoder_{};
  Id epoch_{5, 1};
  Id session_{};
  std::uint64_t delivery_ = 0;
  std::uint64_t sequence_ = 0;
  std::vector<Received*> held_{};
  volatile unsigned sum_ = 0;
};

// In the order of destruction: the sockets before their context.
struct Scene {
  arraywire::testing::ScratchDirectory directory{};
  Service service{{.runtime_directory = directory.path()}};
  Target fan_out{service, "fan-out", Delivery::FanOut, 2};
  Target distribute{service, "distribute", Delivery::Distribute, 0};
  Victim victim{service};
};

}  // namespace
}  // namespace arraywire::transport

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static arraywire::transport::Scene scene;
  arraywire::fuzz::Input input({data, size});
  switch (input.byte() % 8U) {  // a publisher's folder makes its inputs slower by far
    case 0: scene.fan_out.attack(input); break;
    case 1: scene.distribute.attack(input); break;
    default: scene.victim.attack(input); break;
  }
  return 0;
}
