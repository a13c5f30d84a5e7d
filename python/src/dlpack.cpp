#include "dlpack.hpp"

#include "dtypes.hpp"
#include "errors.hpp"

#include <arraywire/adapt/dlpack.hpp>

#include <pybind11/stl.h>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace arraywire::python {

namespace {

constexpr std::uint64_t kIsCopied = 2;  // DLPACK_FLAG_BITMASK_IS_COPIED

template <class Managed> constexpr const char* kName = "dltensor";
template <> constexpr const char* kName<VersionedTensor> = "dltensor_versioned";
template <class Managed> constexpr const char* kUsedName = "used_dltensor";
template <> constexpr const char* kUsedName<VersionedTensor> = "used_dltensor_versioned";

// What an exported tensor points to. The importer frees it, on any thread.
template <class Managed> struct Exported {
  Managed managed{};
  std::vector<std::int64_t> shape{}, strides{};
  PyObject* array = nullptr;

  static void free(Managed* managed) {
    auto* exported = static_cast<Exported*>(managed->manager_ctx);
    if (Py_IsInitialized() == 0) return;  // too late to give anything back
    const PyGILState_STATE gil = PyGILState_Ensure();
    Py_DECREF(exported->array);
    PyGILState_Release(gil);
    delete exported;
  }
};

template <class Managed> py::capsule make_capsule(const py::array& array, DLPackCode code, std::uint64_t flags) {
  auto exported = std::make_unique<Exported<Managed>>();
  const auto item = array.itemsize();
  for (py::ssize_t i = 0; i < array.ndim(); ++i) {
    if (array.strides(i) % item != 0) throw py::buffer_error("DLPack counts strides in elements: this array's are none");
    exported->shape.push_back(array.shape(i));
    exported->strides.push_back(array.strides(i) / item);
  }
  exported->managed.dl_tensor = {.data = const_cast<void*>(array.data()),
                                 .device = {kDLCPU, 0},
                                 .ndim = static_cast<std::int32_t>(array.ndim()),
                                 .dtype = {code.code, code.bits, 1},
                                 .shape = exported->shape.data(),
                                 .strides = exported->strides.data(),
                                 .byte_offset = 0};
  exported->managed.manager_ctx = exported.get();
  exported->managed.deleter = Exported<Managed>::free;
  if constexpr (requires { exported->managed.flags; }) {
    exported->managed.version = {1, 0};
    exported->managed.flags = flags;
  }
  const auto abandoned = [](PyObject* capsule) {  // an importer that took the tensor has renamed the capsule
    if (PyCapsule_IsValid(capsule, kName<Managed>) == 0) return;
    auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, kName<Managed>));
    managed->deleter(managed);
  };
  PyObject* capsule = PyCapsule_New(&exported->managed, kName<Managed>, abandoned);
  if (capsule == nullptr) throw py::error_already_set();
  exported.release()->array = py::object(array).release().ptr();
  return py::reinterpret_steal<py::capsule>(capsule);
}

template <class Managed> Elements take_capsule(const py::capsule& capsule, bool read_only) {
  auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule.ptr(), kName<Managed>));
  if (managed == nullptr) throw py::error_already_set();
  const DLTensor& tensor = managed->dl_tensor;
  const auto dtype = dtype_from_dlpack({tensor.dtype.code, tensor.dtype.bits});
  if (!dtype || tensor.dtype.lanes != 1) {
    raise("UnsupportedArray", "DLPack type code " + std::to_string(tensor.dtype.code) + " of " +
                                  std::to_string(tensor.dtype.bits) + " bits cannot be sent");
  }
  if (tensor.ndim < 0 || tensor.ndim > static_cast<std::int32_t>(kMaxRank))
    raise("UnsupportedArray", "an array can have " + std::to_string(kMaxRank) + " dimensions at most");
  const std::vector<py::ssize_t> shape(tensor.shape, tensor.shape + tensor.ndim);
  std::vector<py::ssize_t> strides;
  if (tensor.strides != nullptr) {
    for (std::int32_t i = 0; i < tensor.ndim; ++i)
      strides.push_back(tensor.strides[i] * static_cast<py::ssize_t>(size_bytes(*dtype)));
  }
  const py::capsule owner(managed, [](void* held) {
    auto* own = static_cast<Managed*>(held);
    if (own->deleter != nullptr) own->deleter(own);
  });
  PyCapsule_SetName(capsule.ptr(), kUsedName<Managed>);
  py::array array(numpy_dtype(*dtype), shape, strides, static_cast<const std::byte*>(tensor.data) + tensor.byte_offset, owner);
  if (read_only) set_writable(array, false);
  return {std::move(array), *dtype};
}

}  // namespace

py::capsule export_dlpack(const py::array& array, bool bfloat16, const DLPackRequest& request, bool trusting) {
  if (request.device && *request.device != kCpuDevice) throw py::buffer_error("the memory is the CPU's: it is nowhere else");
  const bool versioned = request.max_version && request.max_version->first >= 1;
  const bool copied = request.copy.value_or(false);
  py::array exported = array;
  if (copied) exported = array.attr("copy")();
  const bool read_only = !is_writable(exported);
  if (read_only && !versioned && !trusting) {
    throw py::buffer_error("this memory is read-only, which the importer cannot be told: it has to ask for max_version (1, 0)");
  }
  const DLPackCode code = dlpack_code(bfloat16 ? DType::BFloat16 : *dtype_of_numpy(array.dtype()));
  if (!versioned) return make_capsule<DLManagedTensor>(exported, code, 0);
  return make_capsule<VersionedTensor>(exported, code, (read_only ? kTensorReadOnly : 0) | (copied ? kIsCopied : 0));
}

Elements import_dlpack(const py::object& object) {
  if (py::hasattr(object, "__dlpack_device__")) {
    const auto device = py::cast<std::pair<int, int>>(object.attr("__dlpack_device__")());
    if (device.first != kDLCPU && device.first != kDLCUDAHost && device.first != kDLROCMHost && device.first != kDLCUDAManaged)
      raise("UnsupportedArray",
            "the array is in the memory of DLPack device type " + std::to_string(device.first) + ": copy it to the CPU first");
  }
  py::object capsule;
  try {
    capsule = object.attr("__dlpack__")(py::arg("max_version") = std::pair(1, 0));
  } catch (const py::error_already_set& error) {
    if (!error.matches(PyExc_TypeError)) throw;  // an exporter from before versions
    capsule = object.attr("__dlpack__")();
  }
  if (PyCapsule_IsValid(capsule.ptr(), kName<DLManagedTensor>) != 0) return take_capsule<DLManagedTensor>(capsule, false);
  if (PyCapsule_IsValid(capsule.ptr(), kName<VersionedTensor>) == 0)
    raise("UnsupportedArray", "__dlpack__ gave no DLPack capsule");
  const auto* managed = static_cast<VersionedTensor*>(PyCapsule_GetPointer(capsule.ptr(), kName<VersionedTensor>));
  if (managed->version.major != 1)
    raise("UnsupportedArray", "DLPack version " + std::to_string(managed->version.major) + " is not known here");
  return take_capsule<VersionedTensor>(capsule, (managed->flags & kTensorReadOnly) != 0);
}

}  // namespace arraywire::python
