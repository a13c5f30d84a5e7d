// Calls of MPI where every failure is an error, and which rank has which part: 0 is the producer, the others are the consumers.
#pragma once

#include "link.hpp"

#define OMPI_SKIP_MPICXX 1
#include <mpi.h>
#include <sys/types.h>
#include <vector>

namespace bench {

inline constexpr int kProducerRank = 0;

enum class Tag : int { Frame, Done };  // Done: with a frame, say its receivers

// Throws what MPI says of the result, after `what`, unless it is success.
void check_mpi(int result, const char* what);

int own_rank();
// Frames go from the producer to all consumers, answers from the first consumer to the producer.
std::vector<int> receiving_ranks(const LinkSetup& setup);
int sending_rank();
int tag_of(const LinkSetup& setup, Tag what);
// Out of the sender's memory. Otherwise (process_vm_readv is not allowed, as in some containers) a message goes over piece by
// piece, for which the sender has to be within MPI.
bool receivers_copy_by_themselves();
std::vector<pid_t> mpi_daemons();  // mpirun; for the producer

}  // namespace bench
