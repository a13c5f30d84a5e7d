// pyzmq's documented send_array recipe between two Python processes, PUSH/PULL over ipc, copy=False on both sides.
#pragma once

#include "families.hpp"

namespace bench {

std::unique_ptr<Measurement> make_pyzmq_pair(const Family& family, const std::filesystem::path& directory);

}  // namespace bench
