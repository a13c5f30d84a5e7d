// arraywire itself: loan -> publish -> take -> release, on the shared-memory lane, and on the inline lane over ipc and tcp.
#pragma once

#include "transport.hpp"

namespace bench {

extern const Transport kSharedMemory;
extern const Transport kInlineIpc;
extern const Transport kInlineTcp;

}  // namespace bench
