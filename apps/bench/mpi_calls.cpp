#include "mpi_calls.hpp"

#include <unistd.h>
#include <algorithm>
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

bool receivers_copy_by_themselves() {
  constexpr char kVariable[] = "btl_vader_single_copy_mechanism";
  constexpr std::array kByThemselves{0, 1, 2};  // xpmem, CMA, KNEM
  int provided = 0;
  int index = 0;
  int count = 0;
  int mechanism = -1;
  MPI_T_cvar_handle handle = nullptr;
  check_mpi(::MPI_T_init_thread(MPI_THREAD_SINGLE, &provided), "ask about MPI");
  if (::MPI_T_cvar_get_index(kVariable, &index) == MPI_SUCCESS &&
      ::MPI_T_cvar_handle_alloc(index, nullptr, &handle, &count) == MPI_SUCCESS) {
    ::MPI_T_cvar_read(handle, &mechanism);
    ::MPI_T_cvar_handle_free(&handle);
  }
  ::MPI_T_finalize();
  return std::ranges::find(kByThemselves, mechanism) != kByThemselves.end();
}

std::vector<pid_t> mpi_daemons() { return {::getppid()}; }

}  // namespace bench
