// Peers that say what they like: bare zmq sockets and the wire layer, without sessions of ours behind them.
#pragma once

#include "transport/scratch_directory.hpp"
#include "wire/decoder.hpp"
#include "wire/encoder.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

namespace arraywire::transport::testing {

using arraywire::testing::ScratchDirectory;

inline constexpr std::chrono::seconds kWatchdog{60};  // only a hang reaches it

template <class Condition> bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kWatchdog;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

using Bytes = std::vector<std::byte>;
inline Bytes copy_of(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

// A subscriber, as its publisher sees it.
class RawConsumer {
 public:
  explicit RawConsumer(const std::string& endpoint);

  void send(const std::vector<Bytes>& frames);
  void hello(const wire::Hello& hello = {.queue = 4, .hold = 4}, wire::Version version = wire::kVersion);
  void returns(const wire::Return& message) { send({copy_of(encoder.returns(envelope(), message))}); }
  void bye(const wire::Bye& message = {}) { send({copy_of(encoder.bye(envelope(), message))}); }
  // Frames of the next message of this kind, past others; empty after the watchdog.
  std::vector<Bytes> await(wire::Kind kind);
  wire::Welcome join(wire::Hello hello = {.queue = 4, .hold = 4});  // with a new session id
  wire::Data await_data();
  wire::Envelope envelope() const { return {.epoch = epoch, .session = session}; }

  wire::Encoder encoder{};
  wire::Decoder decoder{};
  Id session{};
  Id epoch{};

 private:
  zmq::context_t context_{};
  zmq::socket_t dealer_{context_, zmq::socket_type::dealer};
};

// A publisher, as its subscriber sees it. Its messages are one array of 8 bytes unless said otherwise.
class RawPublisher {
 public:
  explicit RawPublisher(std::string endpoint);

  wire::Hello await_hello();  // and knows whom to answer from then on
  void welcome(wire::Welcome welcome = {}, wire::Version version = wire::kVersion);
  // `offset`: of the array in the slot that the stamp names
  Bytes header(std::uint64_t number, std::uint64_t sequence, wire::Stamp stamp = {}, std::uint64_t offset = 0);
  void send(const std::vector<Bytes>& frames);
  void data(std::uint64_t number, std::uint64_t sequence) { send({header(number, sequence), Bytes(8)}); }
  void end(const wire::End& end) { send({copy_of(encoder.end(envelope(), end))}); }
  std::optional<std::vector<Bytes>> receive();  // one message of the subscriber, without its address
  wire::Envelope envelope() const { return {.epoch = epoch, .session = session}; }
  void cut();  // ends the connection; the subscriber will make a new one

  wire::Encoder encoder{};
  wire::Decoder decoder{};
  Id epoch{7, 7};
  Id session{};

 private:
  void open();

  zmq::context_t context_{};
  std::string endpoint_;
  zmq::socket_t router_{};
  Bytes address_{};
};

}  // namespace arraywire::transport::testing
