// File descriptors as the programs use them.
#pragma once

#include "memory/descriptor.hpp"

#include <string>

namespace arraywire::cli {

using memory::Descriptor;

std::string errno_text(int error);

// A pipe of the default 64 KiB needs 760 wake-ups per 4K frame. Best effort: does nothing for files and sockets.
void enlarge_pipe(int fd) noexcept;

// libzmq aborts on some descriptor shortages, so take what the system allows.
void raise_descriptor_limit() noexcept;

}  // namespace arraywire::cli
