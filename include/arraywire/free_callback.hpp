// How memory that was lent is given back.
#pragma once

namespace arraywire {

// Called once, on any thread, when nothing can touch the memory any more. May drop samples and loans; must not call
// arraywire otherwise.
struct FreeCallback {
  void (*run)(void* hint) noexcept = nullptr;
  void* hint = nullptr;
};

}  // namespace arraywire
