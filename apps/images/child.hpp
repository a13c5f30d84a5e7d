// Work that may crash, done by a forked child: OpenImageIO's and its libraries' assertions abort on some damaged files.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace arraywire::images {

struct ChildLimits {
  std::uint64_t bytes = 0;    // more than we have
  std::uint64_t seconds = 0;  // of processor time, of all threads together
};
// For work on so many bytes of pixels: 4 GiB and three times that; two minutes, and one for each GiB.
ChildLimits limits_for(std::uint64_t pixel_bytes) noexcept;

// Calls `work` in a child, which has all of our memory, and shares what is mapped shared: a loan's bytes, among others. The child
// ends with it, runs no destructor, says nothing on stderr, gets no signal but SIGKILL, dies with us, and is limited. `work` must
// not touch anything that another thread may be in the middle of. Returns what `work` returned, up to 64 KiB of it. Nullopt:
// `stop_descriptor` (-1: none) became readable first, and the child is gone. Throws Failure: with the text of the exception that
// `work` threw, or saying how the child ended.
std::optional<std::string> run_in_child(const std::function<std::string()>& work, int stop_descriptor, const ChildLimits& limits);

}  // namespace arraywire::images
