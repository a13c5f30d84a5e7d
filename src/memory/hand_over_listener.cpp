#include "memory/hand_over_listener.hpp"

#include "arraywire/error.hpp"
#include "memory/process.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace arraywire::memory {
namespace {

constexpr int kBacklog = 128;
constexpr std::uint64_t kOwnKey = 0;  // connections count from 1

bool somebody_waits(int listening) noexcept {
  pollfd polled{.fd = listening, .events = POLLIN, .revents = 0};
  return ::poll(&polled, 1, 0) > 0;
}

[[noreturn]] void throw_system(const std::filesystem::path& path, const char* step, int error) {
  const bool refused = error == EACCES || error == EPERM || error == EROFS;
  const ErrorCode code = refused ? ErrorCode::NotPermitted : error == EADDRINUSE ? ErrorCode::InUse : ErrorCode::System;
  throw Error(code, path.string() + ": " + step + ": " + std::strerror(error));
}

Descriptor listen_at(const std::filesystem::path& path) {
  const sockaddr_un address = socket_address(path);
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) throw_system(path, "socket", errno);
  // The file takes the socket's mode less the umask: 0600 from the moment it is there, whatever other threads do to the umask.
  if (::fchmod(socket.get(), 0600) != 0) throw_system(path, "fchmod", errno);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw_system(path, "bind", errno);
  if (::listen(socket.get(), kBacklog) != 0) throw_system(path, "listen", errno);
  return socket;
}

}  // namespace

HandOverListener::HandOverListener(const std::filesystem::path& path, AccountIds allowed)
    : polled_(std::make_shared<PollSet>()),
      socket_(listen_at(path)),
      watch_(polled_, socket_.get(), kOwnKey),
      allowed_(std::move(allowed)),
      owner_(::getpid()) {
  if (!watch_) throw_system(path, "epoll_ctl", ENOSPC);
}

// Without the shutdown, subscribers could go on connecting while a forked child has a copy of the descriptor.
HandOverListener::~HandOverListener() {
  if (owner_ == ::getpid()) ::shutdown(socket_.get(), SHUT_RDWR);
}

void HandOverListener::serve(std::vector<std::uint64_t>& due) {
  std::array<std::uint64_t, 64> keys{};
  const std::size_t count = polled_->ready(keys);
  // Unasked, too: while there was no descriptor for the next visitor, nobody watched.
  accept_waiting();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t key = keys[i];
    if (key == kOwnKey || listen_to_stranger(key) || look_at_unclaimed(key)) continue;
    if (std::find(due.begin(), due.end(), key) == due.end()) due.push_back(key);  // socket and process have the same key
  }
}

// One more turn than the backlog has places: whoever was in it when this began is in afterwards.
void HandOverListener::accept_waiting() {
  watch_.watch_for(Watch::For::Reading);
  for (int i = 0; i <= kBacklog + 1; ++i) {
    Descriptor connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection) {
      admit(std::move(connection));
    } else if ((errno == EMFILE || errno == ENFILE) && !strangers_.empty()) {
      if (!somebody_waits(socket_.get())) return;  // without a descriptor it fails before it looks
      turn_away_oldest();
    } else if (errno != EINTR && errno != ECONNABORTED) {
      // Out of descriptors or memory it would be reported as ready for ever. The next call tries again.
      if (errno != EAGAIN) watch_.watch_for(Watch::For::Nothing);
      return;
    }
  }
}

void HandOverListener::admit(Descriptor connection) {
  // Others cannot reach a folder of ours, but root can, and may hand its connection to anybody.
  if (!comes_from(connection.get(), allowed_)) {
    ++turned_away_;
    return;
  }
  Stranger stranger;
  stranger.key = ++last_key_;
  stranger.socket = HandOverSocket(std::move(connection));
  stranger.watch = Watch(polled_, stranger.socket.descriptor(), stranger.key);
  strangers_.push_back(std::move(stranger));
  listen_to_stranger(last_key_);  // as a rule it has greeted already
  if (strangers_.size() > kMaxStrangers) turn_away_oldest();
}

void HandOverListener::turn_away_oldest() {
  strangers_.pop_front();
  ++turned_away_;
}

// False: no stranger has that key.
bool HandOverListener::listen_to_stranger(std::uint64_t key) {
  const auto found = std::find_if(strangers_.begin(), strangers_.end(), [&](const Stranger& s) { return s.key == key; });
  if (found == strangers_.end()) return false;
  auto packet = found->socket.receive();
  if (!packet && packet.error() == HandOverError::Nothing && found->watch) return true;
  Stranger stranger = std::move(*found);
  strangers_.erase(found);
  const Greeting* greeting = packet ? std::get_if<Greeting>(&packet->message) : nullptr;
  if (greeting != nullptr && is_process(packet->descriptor.get())) {
    introduce(stranger, greeting->session, std::move(packet->descriptor));
  } else if (packet || packet.error() != HandOverError::Ended) {
    ++turned_away_;
  }
  return true;
}

void HandOverListener::introduce(Stranger& stranger, Id session, Descriptor process) {
  stranger.watch = Watch();  // the sender watches it now
  auto sender = std::make_unique<SlotSender>(std::move(stranger.socket), std::move(process), polled_, stranger.key);
  const bool known = std::any_of(unclaimed_.begin(), unclaimed_.end(), [&](const Unclaimed& u) { return u.session == session; });
  if (known || !sender->watched()) {  // ids are random: whoever repeats one has listened, and the first is right
    ++turned_away_;
    return;
  }
  if (unclaimed_.size() == kMaxUnclaimed) {
    unclaimed_.pop_front();
    ++turned_away_;
  }
  unclaimed_.push_back({.session = session, .sender = std::move(sender)});
}

// False: none has that key. There is nothing that it could say rightly before its Hello.
bool HandOverListener::look_at_unclaimed(std::uint64_t key) {
  const auto found =
      std::find_if(unclaimed_.begin(), unclaimed_.end(), [&](const Unclaimed& u) { return u.sender->key() == key; });
  if (found == unclaimed_.end()) return false;
  std::vector<std::uint64_t> none;
  const PeerState state = found->sender->serve(none);
  if (state == PeerState::Open && found->sender->ignored() == 0) return true;
  if (state != PeerState::Ended) ++turned_away_;
  unclaimed_.erase(found);
  return true;
}

std::unique_ptr<SlotSender> HandOverListener::claim(Id session) {
  accept_waiting();
  std::vector<std::uint64_t> keys;
  for (const Stranger& stranger : strangers_) keys.push_back(stranger.key);
  for (const std::uint64_t key : keys) listen_to_stranger(key);
  const auto wanted = [&](const Unclaimed& u) { return u.session == session; };
  auto found = std::find_if(unclaimed_.begin(), unclaimed_.end(), wanted);
  if (found == unclaimed_.end()) return nullptr;
  look_at_unclaimed(found->sender->key());
  found = std::find_if(unclaimed_.begin(), unclaimed_.end(), wanted);  // it may be dead
  if (found == unclaimed_.end()) return nullptr;
  std::unique_ptr<SlotSender> sender = std::move(found->sender);
  unclaimed_.erase(found);
  return sender;
}

}  // namespace arraywire::memory
