#pragma once

#include <filesystem>

namespace bench {

// Has this process use the /dev/shm and /tmp that the processes of a measurement have of their own, as private_directories.hpp
// says, where that is allowed. True for the first of them. It outlives the others' coming.
// Before this process has a second thread, if it has not joined already.
bool join_measurement(const std::filesystem::path& directory);

}  // namespace bench
