#include "floor_sendfile.hpp"

#include "floor_unix_socket.hpp"
#include "npy_file.hpp"
#include "peer.hpp"

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
  const auto path = big_npy_file(peer);
  const MappedNpy mapped(path);  // for its header, and so that the file is in memory as it is for file/npy
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  send_over_socket(peer, [&](const Descriptor& consumer, std::uint64_t number) {
    send_exactly(consumer, file, mapped.payload_offset() + npy_offset(number, peer.frame_bytes), peer.frame_bytes);
  });
}

void sendfile_consumer(Peer& peer) { receive_over_socket(peer, check_npy_frame); }

}  // namespace bench
