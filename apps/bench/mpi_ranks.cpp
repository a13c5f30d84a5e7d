#include "mpi_ranks.hpp"

#include "guarded_process.hpp"
#include "measurement.hpp"
#include "private_directories.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace bench {

namespace {

constexpr char kMpirun[] = "/usr/bin/mpirun";
constexpr std::array kChannel{STDIN_FILENO, STDOUT_FILENO};
constexpr std::size_t kMostArgumentBytes = 4096;

[[noreturn]] void throw_errno(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

std::filesystem::path socket_path(const std::filesystem::path& directory, int rank) {
  return directory / ("rank" + std::to_string(rank));
}

// One message: it arrives whole, being small, and with it both descriptors.
struct Handover {
  std::string arguments{};  // each ends with a zero byte
  std::array<int, kChannel.size()> channel = kChannel;
};

// What sendmsg and recvmsg take; not to be copied, as it points to itself.
struct Envelope {
  explicit Envelope(Handover& handover) : text{handover.arguments.data(), handover.arguments.size()} {
    message.msg_iov = &text;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  Envelope(const Envelope&) = delete;
  Envelope& operator=(const Envelope&) = delete;

  iovec text;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(Handover::channel))> control{};
  msghdr message{};
};

void send_handover(const Descriptor& connection, Handover handover) {
  Envelope envelope(handover);
  cmsghdr* header = CMSG_FIRSTHDR(&envelope.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof handover.channel);
  std::memcpy(CMSG_DATA(header), handover.channel.data(), sizeof handover.channel);
  const ssize_t sent = ::sendmsg(connection.get(), &envelope.message, MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(envelope.text.iov_len)) throw_errno("hand over to a rank");
}

Handover receive_handover(const Descriptor& connection) {
  Handover handover;
  handover.arguments.resize(kMostArgumentBytes);
  Envelope envelope(handover);
  const ssize_t got = ::recvmsg(connection.get(), &envelope.message, 0);
  const cmsghdr* header = got > 0 ? CMSG_FIRSTHDR(&envelope.message) : nullptr;
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) throw std::runtime_error("a rank was handed no channel");
  std::memcpy(handover.channel.data(), CMSG_DATA(header), sizeof handover.channel);
  handover.arguments.resize(static_cast<std::size_t>(got));
  return handover;
}

// What the driver says to a peer; the order of peer.hpp, after TRANSPORT and WORKLOAD.
struct Told {
  explicit Told(std::span<char* const> arguments) {
    constexpr std::size_t kArguments = 9;
    if (arguments.size() != kArguments) throw std::invalid_argument("peers are started by arraywire-bench");
    transport = arguments[1];
    producer = std::string_view(arguments[3]) == "producer";
    frame_bytes = arguments[4];
    consumers = std::stoi(arguments[5]);
    consumer = std::stoi(arguments[6]);
    directory = arguments[7];
    for (const char* argument : arguments) handover.arguments.append(argument).push_back('\0');
  }

  std::string transport{};
  bool producer = false;
  std::string frame_bytes{};
  int consumers = 0;
  int consumer = 0;
  std::filesystem::path directory{};
  Handover handover{};
};

// This program, also where it lies below what is hidden now.
std::string own_path(const std::filesystem::path& path) {
  return ::access(path.c_str(), X_OK) == 0 ? path.string() : "/proc/" + std::to_string(::getpid()) + "/exe";
}

std::vector<std::string> mpirun_command(const Told& told, const std::string& program) {
  return {kMpirun,
          "-n",
          std::to_string(1 + told.consumers),
          "--oversubscribe",
          "--bind-to",
          "none",  // scheduled as the peers of others are
          "--stdin",
          "none",
          "--mca",
          "pml",
          "ob1",
          "--mca",
          "btl",
          "self,vader",
          program,
          kAsRank,
          told.transport,
          told.frame_bytes,
          told.directory.string()};
}

// Of rank 0; throws when mpirun ends before.
Descriptor accept_rank(const Descriptor& listener, const GuardedProcess& mpirun) {
  // By number: glibc 2.36 declares pidfd_open without C linkage.
  const Descriptor ended(static_cast<int>(::syscall(SYS_pidfd_open, mpirun.guard(), 0)));
  std::array<pollfd, 2> waits{pollfd{listener.get(), POLLIN, 0}, pollfd{ended.get(), POLLIN, 0}};
  while (::poll(waits.data(), waits.size(), -1) < 0) {
    if (errno != EINTR) throw_errno("wait for a rank");
  }
  if (waits[0].revents == 0) throw std::runtime_error("mpirun ended before its ranks were there");
  return accept_one(listener);
}

// The rank's status; or that of a rank that said nothing, being dead.
int wait_for_rank(const Descriptor& connection) {
  unsigned char status = 1;
  ssize_t got = 0;
  do {
    got = ::read(connection.get(), &status, 1);
  } while (got < 0 && errno == EINTR);
  return got == 1 ? status : 1;
}

int stand_in_for_producer(const Told& told) {
  const auto path = std::filesystem::read_symlink("/proc/self/exe");
  static_cast<void>(enter_private_directories(told.directory));  // or Open MPI's files are where everybody's are
  const Descriptor listener = listen_at(socket_path(told.directory, 0));
  if (::access(kMpirun, X_OK) != 0) throw Absent(std::string("no ") + kMpirun + " (openmpi-bin)");
  ::setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
  ::setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
  // What mpirun and its ranks say themselves goes to stderr: stdout is the producer's channel.
  GuardedProcess mpirun(mpirun_command(told, own_path(path)), STDERR_FILENO, [] {});
  const Descriptor connection = accept_rank(listener, mpirun);
  send_handover(connection, told.handover);
  const int status = wait_for_rank(connection);
  return mpirun.wait() == 0 ? status : 1;
}

}  // namespace

int stand_in_for_rank(int argc, char** argv) {
  try {
    const Told told({argv, static_cast<std::size_t>(argc)});
    if (told.producer) return stand_in_for_producer(told);
    const Descriptor connection = connect_to(socket_path(told.directory, 1 + told.consumer));
    send_handover(connection, told.handover);
    return wait_for_rank(connection);
  } catch (const Absent& absent) {
    std::cout << "absent " << absent.what() << std::endl;
  } catch (const std::exception& error) {
    std::cout << "error " << error.what() << std::endl;
  }
  return 1;
}

StandIn::StandIn(const std::filesystem::path& directory, int rank) : path_(socket_path(directory, rank)) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // with mpirun
  if (rank != 0) listener_ = listen_at(path_);
}

std::vector<std::string> StandIn::take_over() {
  connection_ = listener_ ? accept_one(listener_) : connect_to(path_);
  const Handover handover = receive_handover(connection_);
  // A rank that waits for another one looks at nothing else: SIGIO ends it when its stand-in, which says no more, is killed.
  if (::fcntl(connection_.get(), F_SETOWN, ::getpid()) != 0 || ::fcntl(connection_.get(), F_SETFL, O_ASYNC) != 0) {
    throw_errno("watch the process that a rank stands for");
  }
  for (std::size_t i = 0; i < kChannel.size(); ++i) {
    ::dup2(handover.channel[i], kChannel[i]);
    ::close(handover.channel[i]);
  }
  std::vector<std::string> arguments;
  for (std::size_t at = 0; at < handover.arguments.size(); at += arguments.back().size() + 1) {
    arguments.emplace_back(handover.arguments.c_str() + at);
  }
  return arguments;
}

void StandIn::end(int status) {
  ::fcntl(connection_.get(), F_SETFL, 0);
  const auto byte = static_cast<unsigned char>(status);
  if (::write(connection_.get(), &byte, 1) != 1) throw_errno("end the process that a rank stands for");
}

}  // namespace bench
