// What is done with frames and measured of them, the same for every transport.
#pragma once

#include "frame.hpp"
#include "measurement.hpp"
#include "transport.hpp"

#include <cstdint>
#include <string_view>

namespace bench {

struct Peer;

enum class Workload {
  HandOff,   // frames are stamped, nothing else: what moving them costs
  FillRead,  // every byte is written by the producer and read by each consumer
  Latency,   // stamped, one at a time: each is answered by a small frame of the same transport the other way
  Paced,     // stamped, at 60 Hz: every reader sleeps in between
};
// Latency and Paced count from just before a frame is sent until a consumer has it, p50_us, p99_us and max_us; Latency also
// half_round_trip_p50_us, p99 and max, of frame and answer. A wait for a free buffer, in room(), is before that, and does not
// count.

inline constexpr std::uint64_t kPacedFrames = 30;  // of an order, at least: half a second
inline constexpr Workload kWorkloads[] = {Workload::HandOff, Workload::FillRead, Workload::Latency, Workload::Paced};
std::string_view name(Workload workload) noexcept;

void produce(const Peer& peer, const Transport& transport, Workload workload);
void consume(const Peer& peer, const Transport& transport, Workload workload);

// What a consumer does, of frames that a FrameSender or something else sends.
void receive_frames(const Peer& peer, FrameReceiver& receiver, CheckFrame check);

}  // namespace bench
