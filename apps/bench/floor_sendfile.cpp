#include "floor_sendfile.hpp"

#include "frame.hpp"
#include "npy_file.hpp"
#include "peer.hpp"
#include "unix_stream.hpp"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <cerrno>
#include <system_error>

namespace bench {

namespace {

void send_exactly(const Descriptor& to, const Descriptor& file, std::size_t offset, std::size_t bytes) {
  auto from = static_cast<off_t>(offset);
  while (bytes > 0) {
    const ssize_t sent = ::sendfile(to.get(), file.get(), &from, bytes);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) throw std::system_error(errno, std::generic_category(), "sendfile");
    bytes -= static_cast<std::size_t>(sent);
  }
}

}  // namespace

void sendfile_producer(Peer& peer) {
  const auto file_path = big_npy_file(peer);
  const MappedNpy mapped(file_path);  // for its header, and so that the file is in memory as it is for file/npy
  const Descriptor file(::open(file_path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto path = peer.directory / "socket";
  const Descriptor listener = listen_at(path);
  Descriptor consumer;
  std::uint64_t next = 0;
  peer.serve(path.string(), [&](std::uint64_t frames) {
    if (consumer.get() < 0) consumer = accept_one(listener);
    for (const std::uint64_t end = next + frames; next < end; ++next) {
      send_exactly(consumer, file, mapped.payload_offset() + npy_offset(next, peer.frame_bytes), peer.frame_bytes);
    }
  });
}

void sendfile_consumer(Peer& peer) {
  const Descriptor producer = connect_to(peer.address);
  const WarmBuffer frame(peer.frame_bytes);
  std::uint64_t next = 0;
  peer.serve("", [&](std::uint64_t frames) {
    for (const std::uint64_t end = next + frames; next < end; ++next) {
      read_exactly(producer, frame.bytes());
      check_npy_frame(frame.bytes(), peer.frame_bytes, next);
    }
  });
}

}  // namespace bench
