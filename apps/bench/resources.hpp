// What processes have used, by their ids.
#pragma once

#include <sys/types.h>
#include <span>

namespace bench {

// User and system, of all their threads, since they started. Errors: both throw std::exception when a process is gone.
double cpu_seconds(std::span<const pid_t> processes);
// Resident memory, what several processes share divided among them (Pss). Takes milliseconds for gigabytes of mappings, and a
// process that changes its mappings meanwhile waits.
double memory_bytes(std::span<const pid_t> processes);

}  // namespace bench
