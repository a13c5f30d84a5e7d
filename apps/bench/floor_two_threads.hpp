// Fill and full read by two threads of one process over four buffers: no transport at all.
#pragma once

#include "families.hpp"

namespace bench {

std::unique_ptr<Measurement> make_two_threads(const Family& family, const std::filesystem::path& directory);

}  // namespace bench
