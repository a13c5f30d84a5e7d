// Every benchmark as Google Benchmarks, one per frame size.
#pragma once

#include "benchmarks.hpp"
#include "run_directory.hpp"

namespace bench {

// After benchmark::Initialize. The process's exit status: 1 when a measurement failed (an absent one did not), 2 when the filter
// matches none.
int run_google_benchmarks(const Benchmarks& benchmarks, RunDirectory& directory);

}  // namespace bench
