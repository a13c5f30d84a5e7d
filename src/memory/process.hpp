// Processes as descriptors (pidfd): they name a process without the races of its number, in every pid namespace.
#pragma once

#include "memory/descriptor.hpp"
#include "memory/memfd.hpp"

namespace arraywire::memory {

Descriptor own_process() noexcept;  // empty: errno says why
// Whether a descriptor from a peer is a pidfd. Of which process is the peer's affair: it can only lie about itself.
bool is_process(int descriptor) noexcept;
// The process is dead: all its threads are, whether it was waited for or not. Children that it left do not count.
bool has_ended(int process) noexcept;

// Tells the process that made it from its forked children, without a system call: in those the kernel has wiped its page.
// For whatever a child has only copies of: sockets and eventfds that it shares with its parent, locks that a thread may hold
// that the child has not got. Threads: any; async-signal-safe.
class ProcessMark {
 public:
  ProcessMark();  // throws Error
  bool is_own() const noexcept { return *const_cast<const volatile std::byte*>(page_.bytes().data()) != std::byte{}; }

 private:
  Mapping page_{};
};

}  // namespace arraywire::memory
