// Which processors threads run on.
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <vector>

namespace bench {

using Processors = std::vector<int>;  // the kernel's numbers

// Of the processors that this process may use, those that are hardware threads of one core, core by core.
std::vector<Processors> cores();
// Cores are dealt in turn: one's own, and all others. Both are empty where there is but one: nobody is kept anywhere.
struct Share {
  Processors own{};
  Processors others{};
};
Share share_of(std::size_t turn);
// In no order; none of a process that is gone.
std::vector<pid_t> threads_of(pid_t process);
// 0: the calling thread. One that is gone is let go, and to no processors nobody is kept.
void keep_to(const Processors& processors, pid_t thread) noexcept;

}  // namespace bench
