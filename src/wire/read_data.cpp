#include "wire/read_data.hpp"

#include <array>
#include <cstring>

namespace arraywire::wire {
namespace {

bool read_extents(const flatbuffers::Vector<std::int64_t>* from, Extents& to) {
  const std::size_t count = from == nullptr ? 0 : from->size();
  if (count > kMaxRank) return false;
  std::array<std::int64_t, kMaxRank> values{};
  // Not through the vector's own access: the verifier does not check that 8-byte elements are aligned.
  if (count > 0) std::memcpy(values.data(), from->Data(), count * sizeof(std::int64_t));
  to = Extents(std::span<const std::int64_t>(values).first(count));
  return true;
}

bool read_array(const proto::Array& from, ArraySpec& spec, std::size_t& payload_bytes) {
  const auto dtype = dtype_from_dlpack({from.code(), from.bits()});
  if (!dtype || !read_extents(from.shape(), spec.shape) || !read_extents(from.stride_bytes(), spec.stride_bytes)) return false;
  spec.dtype = *dtype;
  const auto bytes = extent_bytes(spec);
  if (!bytes) return false;
  payload_bytes = *bytes;
  return true;
}

bool read_arrays(const proto::Data& from, Data& out) {
  const std::size_t count = from.arrays()->size();
  if (count == 0 || count > kMaxArrays) return false;
  out.specs.resize(count);
  out.payload_bytes.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const proto::Array& array = *from.arrays()->Get(static_cast<flatbuffers::uoffset_t>(i));
    if (!read_array(array, out.specs[i], out.payload_bytes[i])) return false;
  }
  return true;
}

// There for every array or for none, and then inline; aligned; offset + bytes cannot overflow. Whether the slot is that large,
// only its mapping can say.
bool check_offsets(const Data& data) {
  if (data.offsets.empty()) return data.stamp.slot == 0;
  if (data.offsets.size() != data.specs.size()) return false;
  constexpr std::uint64_t kMaxBytes = (std::uint64_t{1} << 63U) - 1;
  for (std::size_t i = 0; i < data.offsets.size(); ++i) {
    if (data.offsets[i] % kArrayAlignmentBytes != 0 || data.offsets[i] > kMaxBytes - data.payload_bytes[i]) return false;
  }
  return true;
}

bool read_stamp(const proto::Stamp& from, Stamp& to) {
  to = {from.delivery(), from.sequence(), from.missed_before(), from.slot(), from.attempt(), from.from_history()};
  return to.delivery != 0 && to.sequence != 0 && to.attempt != 0;
}

}  // namespace

std::optional<WireError> read_data(const proto::Data& from, FieldReader& fields, Data& out) {
  if (!read_stamp(*from.stamp(), out.stamp)) return WireError::BadField;
  if (!read_arrays(from, out)) return WireError::BadSpec;
  if (!fields.numbers(from.offsets(), out.offsets, kMaxArrays) || !check_offsets(out)) return WireError::BadSpec;
  if (!fields.metadata(from.metadata(), out.info, out.specs.size())) return WireError::BadField;
  out.published_steady_ns = from.published_steady_ns();
  out.checksum.reset();
  if (from.checksum() != nullptr) out.checksum = from.checksum()->value();
  out.info.sequence = out.stamp.sequence;
  out.info.published = Timestamp(std::chrono::nanoseconds(from.published()->nanoseconds()));
  out.info.latency.reset();
  out.info.missed_before = out.stamp.missed_before;
  out.info.gap_before = false;
  out.info.from_history = out.stamp.from_history;
  out.info.attempt = out.stamp.attempt;
  out.info.has_checksum = out.checksum.has_value();
  return std::nullopt;
}

}  // namespace arraywire::wire
