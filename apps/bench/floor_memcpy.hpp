// memcpy from one warm buffer to another, one thread.
#pragma once

#include "families.hpp"

namespace bench {

std::unique_ptr<Measurement> make_memcpy(const Family& family, const std::filesystem::path& directory);

}  // namespace bench
