#include "benchmarks.hpp"

#include "first_frames.hpp"
#include "floor_memcpy.hpp"
#include "floor_two_threads.hpp"
#include "npy_file.hpp"
#include "own_peers.hpp"
#include "peer_pair.hpp"
#include "python_peers.hpp"
#include "workloads.hpp"

#include <algorithm>

namespace bench {

namespace {

constexpr std::size_t kMostConsumers = 8;

// What the driver knows of a transport.
struct TransportRow {
  std::string name;
  std::string short_name;  // in "latency/..." and "paced/..."
  PeerProgram program;
  std::string hand_off{};  // the name of that benchmark; empty: the transport's
  std::size_t most_receivers = 1;
};

// In a program of its own, beside this one: see CMakeLists.txt.
PeerProgram foreign(const std::string& program, const std::string& package) {
  const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bench-peers";
  return {.command = {(programs / program).string()}, .missing = "built without " + program + " (" + package + ")"};
}

// The system's Python by its path, where Debian's packages put their modules.
PeerProgram python(const char* peer) { return {.command = {"/usr/bin/python3", "-c", peer}}; }

std::vector<TransportRow> transports() {
  return {
      {.name = "shared_memory",
       .short_name = "shared_memory",
       .program = own_peers(),
       .hand_off = "shared_memory/handoff",
       .most_receivers = kMostConsumers},
      {.name = "shared_memory_no_spin",
       .short_name = "shared_memory_no_spin",
       .program = own_peers(),
       .hand_off = "shared_memory_no_spin/handoff"},
      {.name = "inline/ipc", .short_name = "inline", .program = own_peers(), .most_receivers = kMostConsumers},
      {.name = "inline/tcp", .short_name = "inline_tcp", .program = own_peers(), .most_receivers = kMostConsumers},
      {.name = "floor/futex", .short_name = "futex", .program = own_peers()},
      {.name = "floor/socket_ping", .short_name = "socket_ping", .program = own_peers()},
      {.name = "floor/unix_socket", .short_name = "unix_socket", .program = own_peers(), .most_receivers = kMostConsumers},
      {.name = "python",
       .short_name = "python",
       .program = python(kArraywirePeer),
       .hand_off = "python/handoff",
       .most_receivers = kMostConsumers},
      // "latency/zmq" is bare: see below.
      {.name = "peer/zmq", .short_name = "zmq_frames", .program = own_peers(), .most_receivers = kMostConsumers},
      {.name = "peer/zmq_default_malloc",
       .short_name = "zmq_default_malloc",
       .program = own_peers(),
       .most_receivers = kMostConsumers},
      {.name = "peer/pyzmq", .short_name = "pyzmq", .program = python(kPyzmqPeer)},
      {.name = "peer/multiprocessing",
       .short_name = "multiprocessing",
       .program = python(kMultiprocessingPeer),
       .most_receivers = kMostConsumers},
      {.name = "peer/nng", .short_name = "nng", .program = foreign("nng", "libnng-dev"), .most_receivers = kMostConsumers},
      {.name = "peer/iceoryx",
       .short_name = "iceoryx",
       .program = foreign("iceoryx", "libiceoryx-posh-dev"),
       .most_receivers = kMostConsumers},
      {.name = "peer/iceoryx_polling",  // one: more pollers than processors measure the scheduler
       .short_name = "iceoryx_polling",
       .program = foreign("iceoryx", "libiceoryx-posh-dev")},
      {.name = "peer/cyclonedds",
       .short_name = "cyclonedds",
       .program = foreign("cyclonedds", "cyclonedds-dev"),
       .most_receivers = kMostConsumers},
      {.name = "peer/fastdds",
       .short_name = "fastdds",
       .program = foreign("fastdds", "libfastrtps-dev"),
       .most_receivers = kMostConsumers},
      {.name = "peer/mpi", .short_name = "mpi", .program = foreign("mpi", "libopenmpi-dev"), .most_receivers = kMostConsumers},
      {.name = "peer/mpi_window",
       .short_name = "mpi_window",
       .program = foreign("mpi", "libopenmpi-dev"),
       .most_receivers = kMostConsumers},
  };
}

auto peer_pair(const std::string& name, const PeerProgram& program, std::size_t consumers = 1) {
  return [=](const std::filesystem::path& directory) -> std::unique_ptr<Measurement> {
    return std::make_unique<PeerPair>(name, program, directory, consumers);
  };
}

PeerProgram doing(const TransportRow& row, Workload workload) {
  PeerProgram program = row.program;
  program.command.push_back(row.name);
  program.command.emplace_back(name(workload));
  return program;
}

void add_transport(Benchmarks& all, const TransportRow& row) {
  const auto add = [&](const std::string& name, Workload workload, std::size_t consumers = 1) -> Benchmark& {
    all.push_back({.name = name, .make = peer_pair(name, doing(row, workload), consumers)});
    return all.back();
  };
  add(row.hand_off.empty() ? row.name : row.hand_off, Workload::HandOff);
  add(row.name + "/fill_read", Workload::FillRead);
  for (std::size_t consumers = 1; row.most_receivers > 1 && consumers <= row.most_receivers; consumers *= 2) {
    add(row.name + "/consumers/" + std::to_string(consumers), Workload::FillRead, consumers);
  }
  all.push_back({.name = row.name + "/first_frames",
                 .make = make_first_frames(row.name + "/first_frames", doing(row, Workload::FillRead)),
                 .pass_frames = kFirstFramesOfAStream});
  add("latency/" + row.short_name, Workload::Latency).small_frames = true;
  add("paced/" + row.short_name, Workload::Paced).pass_frames = kPacedFrames;
}

// Peers of this program that do something of their own.
Benchmark own(const std::string& name, const std::string& peer, std::size_t consumers = 1) {
  PeerProgram program = own_peers();
  program.command.push_back(peer);
  return {.name = name, .make = peer_pair(name, program, consumers)};
}

void add_floors(Benchmarks& all) {
  all.push_back({.name = "floor/memcpy", .make = [](const auto& /*directory*/) { return make_memcpy(); }, .one_thread = true});
  all.push_back({.name = "floor/two_threads", .make = [](const auto& /*directory*/) { return make_two_threads(); }});
  all.push_back(own("floor/sendfile", kSendfilePeer));
  all.back().pass_bytes = kNpyPayloadBytes;
  all.push_back(own("file/npy", kFileNpyPeer));
  all.back().pass_bytes = kNpyPayloadBytes;
  for (std::size_t consumers = 1; consumers <= kMostConsumers; consumers *= 2) {
    all.push_back(own("shared_memory/fanout/" + std::to_string(consumers), kFanoutPeer, consumers));
  }
  all.push_back(own("latency/zmq", kLatencyZmqPeer));
  all.back().small_frames_only = true;
  all.push_back(own("peer/zmq_exchange", kZmqExchangePeer));
  all.back().small_frames_only = true;
}

}  // namespace

Benchmarks all_benchmarks() {
  Benchmarks all;
  add_floors(all);
  for (const TransportRow& row : transports()) add_transport(all, row);
  return all;
}

const Benchmark* find_benchmark(const Benchmarks& benchmarks, std::string_view name) noexcept {
  const auto found = std::ranges::find(benchmarks, name, &Benchmark::name);
  return found == benchmarks.end() ? nullptr : &*found;
}

std::uint64_t whole_passes(const Benchmark& benchmark, std::size_t frame_bytes, std::uint64_t frames,
                           std::uint64_t fewest) noexcept {
  const auto pass = std::max<std::uint64_t>({1, benchmark.pass_bytes / frame_bytes, benchmark.pass_frames});
  if (benchmark.pass_frames > 0) fewest = benchmark.pass_frames;
  return (std::max(fewest, frames) + pass - 1) / pass * pass;
}

}  // namespace bench
