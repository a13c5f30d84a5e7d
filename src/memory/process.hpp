// Processes as descriptors (pidfd): they name a process without the races of its number, in every pid namespace.
#pragma once

#include "memory/descriptor.hpp"

namespace arraywire::memory {

Descriptor own_process() noexcept;  // empty: errno says why
// Whether a descriptor from a peer is a pidfd. Of which process is the peer's affair: it can only lie about itself.
bool is_process(int descriptor) noexcept;
// The process is dead: all its threads are, whether it was waited for or not. Children that it left do not count.
bool has_ended(int process) noexcept;

}  // namespace arraywire::memory
