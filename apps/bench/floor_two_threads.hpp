// Fill and full read by two threads of one process over four buffers: no transport at all.
#pragma once

#include "measurement.hpp"

#include <memory>

namespace bench {

std::unique_ptr<Measurement> make_two_threads();

}  // namespace bench
