// The benchmarks of shared_memory.hpp, done by the Python package on both sides: what Python costs.
#pragma once

#include "families.hpp"
#include "measurement.hpp"

#include <filesystem>
#include <memory>

namespace bench {

// Absent unless PYTHONPATH, or the system, has the package.
std::unique_ptr<Measurement> make_python_handoff(const Family& family, const std::filesystem::path& directory);
std::unique_ptr<Measurement> make_python_fill_read(const Family& family, const std::filesystem::path& directory);

}  // namespace bench
