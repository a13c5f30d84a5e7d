// Ranks of MPI are started by mpirun, all at once; the driver starts peers one after the other and talks to each by its stdin and
// stdout. So what the driver starts stands in for a rank: it hands its arguments and that channel over to the rank, waits, and
// ends as the rank ended. The producer's stand-in starts mpirun before.
#pragma once

#include "unix_stream.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace bench {

inline constexpr char kAsRank[] = "--rank";

// For arguments that the driver gave. mpirun runs this program with kAsRank, TRANSPORT, FRAME_BYTES and DIRECTORY, once for the
// producer and once for each consumer. Returns the exit status.
int stand_in_for_rank(int argc, char** argv);

// In a rank: 0 is the producer, the others consumers.
class StandIn {
 public:
  // Not later than MPI_Init, which is when the driver may go on to start consumers.
  StandIn(const std::filesystem::path& directory, int rank);
  // Blocks until there is one, then has its stdin and stdout. The arguments that the driver gave it, its program first.
  std::vector<std::string> take_over();
  void end(int status);

 private:
  const std::filesystem::path path_;
  Descriptor listener_{};  // consumers only: a producer is waited for
  Descriptor connection_{};
};

}  // namespace bench
