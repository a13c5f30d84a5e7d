#include "mpi_calls.hpp"

#include <unistd.h>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace bench {

void check_mpi(int result, const char* what) {
  if (result == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  ::MPI_Error_string(result, text.data(), &length);
  throw std::runtime_error(std::string(what) + ": " + text.data());
}

int own_rank() {
  int rank = 0;
  check_mpi(::MPI_Comm_rank(MPI_COMM_WORLD, &rank), "ask for the rank");
  return rank;
}

std::vector<int> receiving_ranks(const LinkSetup& setup) {
  if (own_rank() != kProducerRank) return {kProducerRank};
  std::vector<int> ranks;
  for (std::size_t i = 0; i < setup.receivers; ++i) ranks.push_back(1 + static_cast<int>(i));
  return ranks;
}

int sending_rank() { return own_rank() == kProducerRank ? 1 : kProducerRank; }

int tag_of(const LinkSetup& setup, Tag what) { return (setup.channel == "answers" ? 2 : 0) + static_cast<int>(what); }

std::vector<pid_t> mpi_daemons() { return {::getppid()}; }

}  // namespace bench
