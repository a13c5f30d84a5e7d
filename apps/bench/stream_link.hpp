// arraywire itself: loan -> publish -> take -> release, on the shared-memory lane, and on the inline lane over ipc and tcp. As it
// comes, a side that waits on the shared-memory lane looks again for a while before it sleeps; without that (spin = 0) it sleeps
// at once, as most other transports do.
#pragma once

#include "transport.hpp"

namespace bench {

extern const Transport kSharedMemory;
extern const Transport kSharedMemoryNoSpin;
extern const Transport kInlineIpc;
extern const Transport kInlineTcp;

}  // namespace bench
