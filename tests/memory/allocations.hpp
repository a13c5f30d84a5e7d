// Counts operator new in the test program that links allocations.cpp, on all threads, and makes one of them fail.
#pragma once

#include <cstddef>

namespace arraywire::testing {

std::size_t allocations() noexcept;              // since the program began
void fail_allocation(std::size_t nth) noexcept;  // the nth from now on throws std::bad_alloc; 0 = none
bool allocation_failed() noexcept;               // since fail_allocation

}  // namespace arraywire::testing
