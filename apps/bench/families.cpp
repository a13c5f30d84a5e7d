#include "families.hpp"

#include "fanout.hpp"
#include "file_npy.hpp"
#include "first_frames.hpp"
#include "floor_memcpy.hpp"
#include "floor_sendfile.hpp"
#include "floor_two_threads.hpp"
#include "floor_unix_socket.hpp"
#include "inline.hpp"
#include "latency.hpp"
#include "latency_zmq.hpp"
#include "npy_file.hpp"
#include "peer_pair.hpp"
#include "peer_pyzmq.hpp"
#include "peer_zmq.hpp"
#include "peer_zmq_exchange.hpp"
#include "python.hpp"
#include "shared_memory.hpp"

#include <algorithm>

namespace bench {

namespace {

constexpr Family fanout(std::string_view name, std::size_t consumers) {
  return {.name = name, .make = make_peer_pair, .producer = fanout_producer, .consumer = fanout_consumer, .consumers = consumers};
}

constexpr Family kFamilies[] = {
    {.name = "floor/memcpy", .make = make_memcpy, .one_thread = true},
    {.name = "floor/unix_socket", .make = make_peer_pair, .producer = unix_socket_producer, .consumer = unix_socket_consumer},
    {.name = "floor/two_threads", .make = make_two_threads},
    {.name = "inline/ipc", .make = make_peer_pair, .producer = inline_ipc_producer, .consumer = inline_consumer},
    {.name = "inline/tcp", .make = make_peer_pair, .producer = inline_tcp_producer, .consumer = inline_consumer},
    {.name = "inline/ipc_fill_read",
     .make = make_peer_pair,
     .producer = inline_ipc_fill_read_producer,
     .consumer = inline_fill_read_consumer},
    {.name = "shared_memory/handoff", .make = make_peer_pair, .producer = handoff_producer, .consumer = handoff_consumer},
    {.name = "shared_memory/fill_read",
     .make = make_peer_pair,
     .producer = shared_memory_fill_read_producer,
     .consumer = shared_memory_fill_read_consumer},
    fanout("shared_memory/fanout/1", 1),
    fanout("shared_memory/fanout/2", 2),
    fanout("shared_memory/fanout/4", 4),
    fanout("shared_memory/fanout/8", 8),
    {.name = "shared_memory/first_frames",
     .make = make_first_frames,
     .producer = shared_memory_fill_read_producer,
     .consumer = shared_memory_fill_read_consumer,
     .pass_frames = kFirstFramesOfAStream},
    {.name = "latency/shared_memory",
     .make = make_peer_pair,
     .producer = latency_shared_memory_producer,
     .consumer = latency_shared_memory_consumer,
     .small_frames = true},
    {.name = "latency/zmq",
     .make = make_peer_pair,
     .producer = latency_zmq_producer,
     .consumer = latency_zmq_consumer,
     .small_frames_only = true},
    {.name = "latency/inline",
     .make = make_peer_pair,
     .producer = latency_inline_producer,
     .consumer = latency_inline_consumer,
     .small_frames = true},
    {.name = "file/npy",
     .make = make_peer_pair,
     .producer = file_npy_producer,
     .consumer = file_npy_consumer,
     .pass_bytes = kNpyPayloadBytes},
    {.name = "floor/sendfile",
     .make = make_peer_pair,
     .producer = sendfile_producer,
     .consumer = sendfile_consumer,
     .pass_bytes = kNpyPayloadBytes},
    {.name = "python/handoff", .make = make_python_handoff},
    {.name = "python/fill_read", .make = make_python_fill_read},
    {.name = "peer/zmq", .make = make_peer_pair, .producer = zmq_producer, .consumer = zmq_consumer},
    {.name = "peer/zmq_exchange",
     .make = make_peer_pair,
     .producer = zmq_exchange_producer,
     .consumer = zmq_exchange_consumer,
     .small_frames_only = true},
    {.name = "peer/pyzmq", .make = make_pyzmq_pair},
};

}  // namespace

std::span<const Family> families() noexcept { return kFamilies; }

const Family* find_family(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kFamilies, name, &Family::name);
  return found == std::end(kFamilies) ? nullptr : found;
}

std::uint64_t whole_passes(const Family& family, std::size_t frame_bytes, std::uint64_t frames) noexcept {
  const auto pass = std::max<std::uint64_t>({1, family.pass_bytes / frame_bytes, family.pass_frames});
  return (std::max<std::uint64_t>(1, frames) + pass - 1) / pass * pass;
}

}  // namespace bench
