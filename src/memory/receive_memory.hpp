// malloc settings for receiving big frames.
#pragma once

namespace arraywire::memory {

// libzmq mallocs each received frame on its I/O thread. glibc maps anything above 32 MiB afresh and unmaps it when it is freed,
// so every byte is faulted in again for every frame. After this, big blocks come from one arena that is never given back.
void keep_freed_memory() noexcept;

}  // namespace arraywire::memory
