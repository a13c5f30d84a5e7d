// DLPack, both ways.
#pragma once

#include "arrays.hpp"

#include <dlpack/dlpack.h>
#include <pybind11/numpy.h>
#include <optional>
#include <utility>

namespace arraywire::python {

namespace py = pybind11;

// How an importer asks: the keyword arguments of __dlpack__.
struct DLPackRequest {
  std::optional<std::pair<int, int>> max_version{};
  std::optional<std::pair<int, int>> device{};
  std::optional<bool> copy{};
};
inline constexpr std::pair<int, int> kCpuDevice{kDLCPU, 0};

// A capsule over the array, which it keeps alive. A read-only array goes only to an importer that knows the read-only flag, else
// BufferError, as of NumPy; unless `trusting`. `bfloat16`: that is what uint16 stands for.
py::capsule export_dlpack(const py::array& array, bool bfloat16, const DLPackRequest& request, bool trusting = false);
// Of an object with __dlpack__, in memory that the CPU can read. Its array keeps what was exported; read-only stays read-only.
Elements import_dlpack(const py::object& object);

}  // namespace arraywire::python
