// Open MPI, ranks of one job on one host (mpirun, pml ob1 over btl vader), in the two ways that it has there.
//
// peer/mpi: to one consumer persistent requests, for what is sent again and again (MPI 3.1, 3.9,
// https://www.mpi-forum.org/docs/mpi-3.1/mpi31-report.pdf), receives posted ahead. btl vader copies a big message once, out of
// the sender's memory by process_vm_readv (https://www.open-mpi.org/faq/, shared memory: "What is the vader BTL?"). To several
// MPI_Ibcast (MPI 3.1, 5.12.2; https://www.open-mpi.org/doc/v4.1/man3/MPI_Ibcast.3.php): by it the root can fill the next frame
// meanwhile, which it cannot with MPI_Bcast.
// peer/mpi_window: a window of shared memory, MPI_Win_allocate_shared (MPI 3.1, 11.2.3;
// https://www.open-mpi.org/doc/v4.1/man3/MPI_Win_allocate_shared.3.php), that all ranks read and write in place; which part of it
// is whose is told by small messages.
//
// MPI waits by polling: a rank keeps a processor busy while it waits for a frame, as its documentation says.
#include "mpi_broadcast.hpp"
#include "mpi_calls.hpp"
#include "mpi_messages.hpp"
#include "mpi_ranks.hpp"
#include "mpi_window.hpp"
#include "peer_main.hpp"

#include <cstdlib>
#include <iostream>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

namespace {

// Set by main, as MPI itself is: making it takes all ranks at once, before the driver knows of any but the first.
const MpiWindow* window_of_job = nullptr;

constexpr char kWindowTransport[] = "peer/mpi_window";

constexpr Transport kTransports[] = {
    {.name = "peer/mpi",
     .make_sender =
         [](const LinkSetup& setup) { return setup.receivers == 1 ? make_message_sender(setup) : make_broadcast_sender(setup); },
     .make_receiver =
         [](const LinkSetup& setup) {
           return setup.receivers == 1 ? make_message_receiver(setup) : make_broadcast_receiver(setup);
         }},
    {.name = kWindowTransport,
     .make_sender = [](const LinkSetup& setup) { return make_window_sender(setup, *window_of_job); },
     .make_receiver = [](const LinkSetup& setup) { return make_window_receiver(setup, *window_of_job); }},
};

// The rank of a process, from the environment that mpirun gives it: before MPI_Init.
int rank_to_be() {
  const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
  if (rank == nullptr) throw std::runtime_error("ranks are started by mpirun");
  return std::stoi(rank);
}

int run_rank(std::span<char* const> arguments) {
  StandIn stand_in(arguments[4], rank_to_be());
  check_mpi(::MPI_Init(nullptr, nullptr), "initialise MPI");
  check_mpi(::MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "have errors returned");
  std::optional<MpiWindow> window;
  if (std::string_view(arguments[2]) == kWindowTransport) window.emplace(std::stoull(arguments[3]), own_rank());
  window_of_job = window ? &*window : nullptr;
  std::vector<std::string> told = stand_in.take_over();
  std::vector<char*> told_arguments;
  for (std::string& argument : told) told_arguments.push_back(argument.data());
  const int status = run_peer_main(static_cast<int>(told_arguments.size()), told_arguments.data(), kTransports);
  stand_in.end(status);
  if (status != 0) ::MPI_Abort(MPI_COMM_WORLD, status);  // the others may wait for this one for ever
  window.reset();
  ::MPI_Finalize();
  return status;
}

}  // namespace

}  // namespace bench

// For AddressSanitizer: Open MPI 4.1.4 leaves memory allocated, also by modules that are no more when leaks are looked for.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }  // NOLINT(bugprone-reserved-identifier)

int main(int argc, char** argv) {
  constexpr int kRankArguments = 5;
  if (argc != kRankArguments || std::string_view(argv[1]) != bench::kAsRank) return bench::stand_in_for_rank(argc, argv);
  try {
    return bench::run_rank({argv, static_cast<std::size_t>(argc)});
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
