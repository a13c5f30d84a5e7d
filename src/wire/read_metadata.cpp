#include "wire/read_metadata.hpp"

#include "wire/text.hpp"

#include <cstring>
#include <string_view>

namespace arraywire::wire {

bool FieldReader::spend(std::size_t bytes) {
  if (bytes > bytes_left_) return false;
  bytes_left_ -= bytes;
  return true;
}

bool FieldReader::text(const WireText* from, std::string& to, std::size_t limit) {
  to.clear();
  if (from == nullptr) return true;
  const std::string_view bytes(from->c_str(), from->size());
  constexpr std::size_t kFraming = sizeof(flatbuffers::uoffset_t) * 2;  // its offset and its length
  if (bytes.size() > limit || !spend(bytes.size() + kFraming) || !is_text(bytes)) return false;
  to.assign(bytes);
  return true;
}

bool FieldReader::names(const WireNames* from, std::vector<std::string>& to) {
  const std::size_t count = from == nullptr ? 0 : from->size();
  if (count > names_left_) return false;
  names_left_ -= count;
  to.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!text(from->Get(static_cast<flatbuffers::uoffset_t>(i))->text(), to[i])) return false;
  }
  return true;
}

bool FieldReader::numbers(const flatbuffers::Vector<std::uint64_t>* from, std::vector<std::uint64_t>& to, std::size_t limit) {
  to.clear();
  if (from == nullptr || from->size() == 0) return true;
  if (from->size() > limit) return false;
  to.resize(from->size());
  // Not through the vector's own access: the verifier does not check that 8-byte elements are aligned.
  std::memcpy(to.data(), from->Data(), to.size() * sizeof(std::uint64_t));
  return true;
}

bool FieldReader::array_info(const proto::ArrayInfo& from, ArrayInfo& to) {
  to.significant_bits = from.significant_bits();
  to.colour.reset();
  if (const proto::Colour* colour = from.colour()) {
    to.colour = Colour{colour->primaries(), colour->transfer(), colour->matrix(), colour->full_range()};
  }
  return text(from.name(), to.name) && names(from.dimension_names(), to.dimension_names) && text(from.unit(), to.unit) &&
         names(from.channel_names(), to.channel_names) && text(from.pixel_format(), to.pixel_format) &&
         text(from.colour_space(), to.colour_space);
}

bool FieldReader::attribute(const proto::Attribute& from, Attributes& to) {
  if (!text(from.key(), key_) || key_.empty()) return false;
  const std::size_t before = to.size();
  switch (from.type()) {
    case proto::AttributeType::Bool:
      if (from.integer() != 0 && from.integer() != 1) return false;
      to.set(key_, from.integer() == 1);
      break;
    case proto::AttributeType::Integer: to.set(key_, from.integer()); break;
    case proto::AttributeType::Real: to.set(key_, from.real()); break;
    case proto::AttributeType::Text: {
      const WireText* value = from.text();
      const std::string_view bytes = value == nullptr ? std::string_view() : std::string_view(value->c_str(), value->size());
      if (!spend(bytes.size()) || !is_text(bytes)) return false;
      to.set(key_, bytes);
      break;
    }
    default: return false;
  }
  return to.size() == before + 1;  // else the key was there already
}

bool FieldReader::metadata(const proto::Metadata* from, Metadata& to, std::size_t max_arrays) {
  to.frame_id.reset();
  to.acquired.reset();
  to.exposure = {};
  to.clock = ClockSource::Host;
  to.attributes.clear();
  if (from == nullptr) {
    to.arrays.clear();
    return true;
  }
  if (from->frame_id() != nullptr) to.frame_id = from->frame_id()->value();
  if (from->acquired() != nullptr) to.acquired = Timestamp(std::chrono::nanoseconds(from->acquired()->nanoseconds()));
  to.exposure = std::chrono::nanoseconds(from->exposure_ns());
  if (!enumerator(from->clock(), to.clock, ClockSource::Device)) return false;
  const flatbuffers::uoffset_t attributes = from->attributes() == nullptr ? 0 : from->attributes()->size();
  if (attributes > kMaxAttributes) return false;
  for (flatbuffers::uoffset_t i = 0; i < attributes; ++i) {
    if (!attribute(*from->attributes()->Get(i), to.attributes)) return false;
  }
  const flatbuffers::uoffset_t arrays = from->arrays() == nullptr ? 0 : from->arrays()->size();
  if (arrays > max_arrays) return false;
  to.arrays.resize(arrays);
  for (flatbuffers::uoffset_t i = 0; i < arrays; ++i) {
    if (!array_info(*from->arrays()->Get(i), to.arrays[i])) return false;
  }
  return true;
}

}  // namespace arraywire::wire
