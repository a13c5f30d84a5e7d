// Which processors threads run on.
#pragma once

#include <sys/types.h>
#include <vector>

namespace bench {

using Processors = std::vector<int>;  // the kernel's numbers

// Of the processors that this process may use, those that are hardware threads of one core, core by core.
std::vector<Processors> cores();
// In no order; none of a process that is gone.
std::vector<pid_t> threads_of(pid_t process);
// 0: the calling thread. One that is gone is let go.
void keep_to(const Processors& processors, pid_t thread) noexcept;

}  // namespace bench
