// Counts operator new in the test program that links allocation_count.cpp.
#pragma once

#include <cstddef>

namespace arraywire::testing {

std::size_t allocation_count() noexcept;  // of this thread, since it started

}  // namespace arraywire::testing
