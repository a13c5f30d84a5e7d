// memcpy from one warm buffer to another, one thread.
#pragma once

#include "measurement.hpp"

#include <memory>

namespace bench {

std::unique_ptr<Measurement> make_memcpy();

}  // namespace bench
