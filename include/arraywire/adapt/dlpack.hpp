// DLPack tensors over arraywire arrays, and foreign tensors lent to a publisher: no copy. Needs <dlpack/dlpack.h>, any version
// since 0.6; the library itself does not.
//
//   auto tensor = arraywire::to_dlpack(std::move(*sample));              // the sample lives until the tensor's deleter ran
//   consumer_takes_over(tensor.release());
//
//   fill(arraywire::to_legacy_dlpack(*loan).release());                  // torch, JAX, CuPy write into the slot
//   publisher.publish(std::move(*loan));                                 // from now on they must not
//
//   publisher.publish(arraywire::borrow_dlpack(foreign_tensor));         // its deleter runs when nobody needs the bytes any more
//
// Two ABIs. The versioned one (DLManagedTensorVersioned, since DLPack 1.0) can say that memory is read-only, so that is what
// samples become. The legacy one (DLManagedTensor) cannot. Where the header is older than 1.0 (Debian 12 has 0.6), the versioned
// struct is declared here, with the layout that DLPack 1.x has promised to keep.
// Tensors of ours are on kDLCPU, have strides (in elements) and no byte_offset. Loans are 64-byte aligned, samples are 8-byte
// aligned: DLPack's wish for 256 is not met, as by most.
#pragma once

#include "arraywire/loan.hpp"
#include "arraywire/sample.hpp"

#include <dlpack/dlpack.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace arraywire {

#if defined(DLPACK_MAJOR_VERSION) && DLPACK_MAJOR_VERSION >= 1
using VersionedTensor = ::DLManagedTensorVersioned;
#else
struct TensorVersion {
  std::uint32_t major;
  std::uint32_t minor;
};
struct VersionedTensor {
  TensorVersion version;
  void* manager_ctx;
  void (*deleter)(VersionedTensor* self);
  std::uint64_t flags;
  ::DLTensor dl_tensor;
};
static_assert(std::is_standard_layout_v<VersionedTensor> && offsetof(VersionedTensor, dl_tensor) == 16 + 2 * sizeof(void*));
#endif
inline constexpr std::uint64_t kTensorReadOnly = 1;  // of VersionedTensor::flags: DLPACK_FLAG_BITMASK_READ_ONLY

// Runs a tensor's deleter, once. release() the pointer to whoever takes the tensor over.
struct DeleteTensor {
  template <class Tensor> void operator()(Tensor* tensor) const noexcept {
    if (tensor->deleter != nullptr) tensor->deleter(tensor);
  }
};
template <class Tensor> using TensorPtr = std::unique_ptr<Tensor, DeleteTensor>;

// Says that whoever gets a tensor of the legacy ABI will not write to it.
struct NeverWritten {};

namespace detail {

[[noreturn]] inline void refuse_tensor(const std::string& why) {
  throw Error(ErrorCode::InvalidArgument, "DLPack tensor: " + why);
}

// A tensor, what it points to, and what keeps the bytes alive: one block, which the tensor's deleter frees.
template <class Tensor> struct ExportedTensor {
  Tensor tensor{};
  Extents shape{}, strides{};
  std::shared_ptr<const void> owner{};

  static void destroy(Tensor* tensor) { delete static_cast<ExportedTensor*>(tensor->manager_ctx); }
};

template <class Tensor>
TensorPtr<Tensor> export_tensor(const ConstArrayView& view, bool read_only, std::shared_ptr<const void> owner) {
  const ArraySpec& spec = view.spec();
  const DLPackCode code = dlpack_code(spec.dtype);
  auto exported = std::make_unique<ExportedTensor<Tensor>>();
  exported->shape = spec.shape;
  exported->strides = element_strides(spec);
  Tensor& tensor = exported->tensor;
  if constexpr (std::is_same_v<Tensor, VersionedTensor>) {
    tensor.version.major = 1;
    tensor.flags = read_only ? kTensorReadOnly : 0;
  }
  tensor.dl_tensor.data = const_cast<std::byte*>(view.bytes().data());  // DLPack has no const data
  tensor.dl_tensor.device = {kDLCPU, 0};
  tensor.dl_tensor.ndim = static_cast<int>(spec.shape.size());
  tensor.dl_tensor.dtype = {code.code, code.bits, 1};
  tensor.dl_tensor.shape = &exported->shape[0];
  tensor.dl_tensor.strides = &exported->strides[0];
  tensor.manager_ctx = exported.get();
  tensor.deleter = ExportedTensor<Tensor>::destroy;
  exported->owner.swap(owner);
  return TensorPtr<Tensor>(&exported.release()->tensor);
}

inline void require_host_memory(const DLTensor& tensor) {
  const auto device = tensor.device.device_type;
  if (device == kDLCPU || device == kDLCUDAHost || device == kDLROCMHost) return;
  refuse_tensor("it is on device type " + std::to_string(static_cast<int>(device)) + "; only host memory can be published");
}

inline DType dtype_of_tensor(const DLDataType& type) {
  const auto dtype = dtype_from_dlpack({type.code, type.bits});
  if (dtype && type.lanes == 1) return *dtype;
  refuse_tensor("elements of code " + std::to_string(type.code) + ", " + std::to_string(type.bits) + " bits and " +
                std::to_string(type.lanes) + " lanes have no dtype here");
}

// Of a tensor that is not empty. The stride of a dimension of length 1 may be anything in DLPack; here it becomes what it is in C
// order.
inline Extents stride_bytes_of(const DLTensor& tensor, const Extents& shape, DType dtype) {
  const auto item = static_cast<std::int64_t>(size_bytes(dtype));
  Extents strides = byte_strides({.dtype = dtype, .shape = shape});
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 1 && __builtin_mul_overflow(tensor.strides[i], item, &strides[i]))
      refuse_tensor("a stride of " + std::to_string(tensor.strides[i]) + " elements");
  }
  return strides;
}

// Throws Error for what arraywire cannot send as it lies.
inline ConstArrayView view_of_tensor(const DLTensor& tensor) {
  require_host_memory(tensor);
  if (tensor.ndim < 0 || (tensor.ndim > 0 && tensor.shape == nullptr))
    refuse_tensor("it has " + std::to_string(tensor.ndim) + " dimensions, and no shape");
  ArraySpec spec{.dtype = dtype_of_tensor(tensor.dtype)};
  if (tensor.ndim > 0) spec.shape = Extents(std::span<const std::int64_t>(tensor.shape, static_cast<std::size_t>(tensor.ndim)));
  if (checked_extent_bytes(spec) > 0 && tensor.strides != nullptr) {
    spec.stride_bytes = stride_bytes_of(tensor, spec.shape, spec.dtype);
    checked_extent_bytes(spec);
    if (is_contiguous(spec)) spec.stride_bytes = {};
  }
  const std::size_t bytes = checked_extent_bytes(spec);
  if (tensor.data == nullptr && bytes > 0) refuse_tensor(to_string(spec) + " without data");
  const auto* data = static_cast<const std::byte*>(tensor.data);
  if (bytes == 0) return {spec, std::span(data, 0)};
  data += tensor.byte_offset;
  if (reinterpret_cast<std::uintptr_t>(data) % alignment_bytes(spec.dtype) != 0) refuse_tensor(to_string(spec) + ", not aligned");
  return {spec, std::span(data, bytes)};
}

template <class Tensor> Borrowed borrow_tensor(Tensor* tensor) {
  return {view_of_tensor(tensor->dl_tensor), {[](void* hint) noexcept { DeleteTensor()(static_cast<Tensor*>(hint)); }, tensor}};
}

}  // namespace detail

// A sample's array, marked read-only.
// Lifetime: the sample lives until the deleter ran; several tensors may share one. Threads: the deleter may run on any.
// Errors: Error{InvalidArgument} for an index that is not there, and for strides that are no whole elements; the sample then
// stays with the caller.
inline TensorPtr<VersionedTensor> to_dlpack(std::shared_ptr<const Sample> sample, std::size_t index = 0) {
  const ConstArrayView view = sample->array(index);
  return detail::export_tensor<VersionedTensor>(view, true, std::move(sample));
}
inline TensorPtr<VersionedTensor> to_dlpack(Sample&& sample, std::size_t index = 0) {
  static_cast<void>(element_strides(sample.array(index).spec()));  // throws before the sample is taken
  return to_dlpack(std::make_shared<const Sample>(std::move(sample)), index);
}

// As to_dlpack, without the mark, for consumers that know only the legacy ABI. One that writes nevertheless faults where the
// memory is shared.
inline TensorPtr<::DLManagedTensor> to_legacy_dlpack(std::shared_ptr<const Sample> sample, NeverWritten, std::size_t index = 0) {
  const ConstArrayView view = sample->array(index);
  return detail::export_tensor<::DLManagedTensor>(view, false, std::move(sample));
}
inline TensorPtr<::DLManagedTensor> to_legacy_dlpack(Sample&& sample, NeverWritten, std::size_t index = 0) {
  static_cast<void>(element_strides(sample.array(index).spec()));
  return to_legacy_dlpack(std::make_shared<const Sample>(std::move(sample)), NeverWritten(), index);
}

// A loan's array, writable.
// Lifetime: the slot is nobody else's until the deleter ran, whatever becomes of the loan. When it is published, its bytes are
// the subscribers': they must not be written any more. Errors: as to_dlpack of a sample.
inline TensorPtr<VersionedTensor> to_dlpack(const Loan& loan, std::size_t index = 0) {
  return detail::export_tensor<VersionedTensor>(loan.array(index), false, loan.pin());
}
inline TensorPtr<::DLManagedTensor> to_legacy_dlpack(const Loan& loan, std::size_t index = 0) {
  return detail::export_tensor<::DLManagedTensor>(loan.array(index), false, loan.pin());
}

// Lends a foreign tensor's memory to a publisher: its deleter runs once, on any thread, when nothing can touch the bytes any
// more. Do not write to them meanwhile. Strides are kept; those of C order, and none, become a spec without stride_bytes.
// Ownership: taken over on success; on Error the tensor stays with the caller.
// Errors: Error{InvalidArgument} unless it is host memory (CPU, or pinned for CUDA or ROCm) of a dtype that arraywire has, one
// lane, at most kMaxRank dimensions, no negative or overlapping strides, and, if versioned, of major version 1.
inline Borrowed borrow_dlpack(::DLManagedTensor* tensor) { return detail::borrow_tensor(tensor); }
inline Borrowed borrow_dlpack(VersionedTensor* tensor) {
  if (tensor->version.major != 1) detail::refuse_tensor("of major version " + std::to_string(tensor->version.major) + ", not 1");
  return detail::borrow_tensor(tensor);
}

template <class Tensor> Borrowed borrow_dlpack(TensorPtr<Tensor>&& tensor) {
  Borrowed borrowed = borrow_dlpack(tensor.get());
  static_cast<void>(tensor.release());
  return borrowed;
}

}  // namespace arraywire
