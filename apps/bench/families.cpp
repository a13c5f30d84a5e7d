#include "families.hpp"

#include "file_npy.hpp"
#include "floor_memcpy.hpp"
#include "floor_sendfile.hpp"
#include "floor_two_threads.hpp"
#include "floor_unix_socket.hpp"
#include "inline.hpp"
#include "latency.hpp"
#include "npy_file.hpp"
#include "peer_pair.hpp"
#include "peer_pyzmq.hpp"
#include "peer_zmq.hpp"

#include <algorithm>

namespace bench {

namespace {

constexpr Family kFamilies[] = {
    {.name = "floor/memcpy", .make = make_memcpy, .one_thread = true},
    {.name = "floor/unix_socket", .make = make_peer_pair, .producer = unix_socket_producer, .consumer = unix_socket_consumer},
    {.name = "floor/two_threads", .make = make_two_threads},
    {.name = "inline/ipc", .make = make_peer_pair, .producer = inline_ipc_producer, .consumer = inline_consumer},
    {.name = "inline/tcp", .make = make_peer_pair, .producer = inline_tcp_producer, .consumer = inline_consumer},
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
    {.name = "peer/zmq", .make = make_peer_pair, .producer = zmq_producer, .consumer = zmq_consumer},
    {.name = "peer/pyzmq", .make = make_pyzmq_pair},
};

}  // namespace

std::span<const Family> families() noexcept { return kFamilies; }

const Family* find_family(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kFamilies, name, &Family::name);
  return found == std::end(kFamilies) ? nullptr : found;
}

std::uint64_t whole_passes(const Family& family, std::size_t frame_bytes, std::uint64_t frames) noexcept {
  const std::uint64_t pass = std::max<std::uint64_t>(1, family.pass_bytes / frame_bytes);
  return (std::max<std::uint64_t>(1, frames) + pass - 1) / pass * pass;
}

}  // namespace bench
