// Interleaved pairs of two benchmarks: A B, B A, A B, ...
#pragma once

#include "options.hpp"
#include "run_directory.hpp"

namespace bench {

// Prints both medians, the median of the pairs' ratios A/B and the quartiles; after a signal those of the pairs so far.
// Errors: throws when a measurement fails or is absent.
void compare(const Options& options, RunDirectory& directory);

}  // namespace bench
