#include "floor_sendfile.hpp"

#include "floor_unix_socket.hpp"
#include "npy_file.hpp"
#include "peer.hpp"
#include "unix_stream.hpp"
#include "workloads.hpp"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <cerrno>
#include <string>
#include <system_error>

namespace bench {

namespace {

constexpr char kSocket[] = "socket";

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

void sendfile_producer(const Peer& peer) {
  const auto file_path = big_npy_file(peer);
  const MappedNpy mapped(file_path);  // for its header, and so that the file is in memory as it is for file/npy
  const Descriptor file(::open(file_path.c_str(), O_RDONLY | O_CLOEXEC));
  const Descriptor listener = listen_at(peer.directory / kSocket);
  Descriptor consumer;
  Work work;
  work.connect = [&](const std::string&) { consumer = accept_one(listener); };
  work.frame = [&](std::uint64_t number) {
    send_exactly(consumer, file, mapped.payload_offset() + npy_offset(number, peer.frame_bytes), peer.frame_bytes);
  };
  serve(work);
}

void sendfile_consumer(const Peer& peer) {
  const auto receiver =
      kUnixSocket.make_receiver({.channel = kSocket, .frame_bytes = peer.frame_bytes, .directory = peer.directory});
  receive_frames(peer, *receiver, check_npy_frame);
}

}  // namespace bench
