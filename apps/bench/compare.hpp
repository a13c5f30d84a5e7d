// Interleaved rounds of benchmarks: C A B, A C B, B C A, ..., in an order that is drawn for each round.
#pragma once

#include "benchmarks.hpp"
#include "options.hpp"
#include "run_directory.hpp"

namespace bench {

// Prints the medians and quartiles of each, and of the ratio of the first to each other of the same round: A/B, A/C, ...; and the
// percentiles of latencies, of all rounds together; after a signal those of the rounds so far. Benchmarks that are absent are
// named and left out. What a start decides (which memory and processors a process has got) is in all rounds up to the next.
// Errors: throws when a measurement fails, and when the first or all others are absent.
void compare(const Options& options, const Benchmarks& benchmarks, RunDirectory& directory);

}  // namespace bench
