#include "wire/write_metadata.hpp"

#include "wire/text.hpp"

#include <algorithm>

namespace arraywire::wire {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::InvalidArgument, "encode a header: " + why); }

// A list that was not written reads back as empty.
template <class T> Offset<flatbuffers::Vector<T>> list(flatbuffers::FlatBufferBuilder& builder, const std::vector<T>& values) {
  return values.empty() ? 0 : builder.CreateVector(values.data(), values.size());
}

}  // namespace

TextOffset MetadataWriter::text(std::string_view bytes) {
  if (bytes.empty()) return 0;
  // Before it is copied: FlatBuffers asserts that a buffer stays below 2 GiB.
  if (bytes.size() + builder_.GetSize() > kMaxHeaderBytes) {
    refuse("it would be larger than " + std::to_string(kMaxHeaderBytes) + " bytes");
  }
  if (!is_text(bytes)) refuse("\"" + std::string(as_text(bytes, kMaxNameBytes, scratch_)) + "\" is not UTF-8 text without zeros");
  return builder_.CreateString(bytes.data(), bytes.size());
}

TextOffset MetadataWriter::text_for_people(std::string_view bytes, std::size_t limit) {
  return text(as_text(bytes, limit, scratch_));
}

Offset<flatbuffers::Vector<std::uint64_t>> MetadataWriter::numbers(std::span<const std::uint64_t> values) {
  if (values.empty()) return 0;
  if (values.size() > kMaxListed) refuse("a list of " + std::to_string(values.size()) + " entries");
  return builder_.CreateVector(values.data(), values.size());
}

Offset<flatbuffers::Vector<Offset<proto::Name>>> MetadataWriter::names(const std::vector<std::string>& values) {
  if (values.size() > names_left_) refuse("more than " + std::to_string(kMaxNames) + " names of dimensions and channels");
  names_left_ -= values.size();
  names_.clear();
  for (const std::string& value : values) names_.push_back(proto::CreateName(builder_, text(value)));
  return list(builder_, names_);
}

Offset<proto::ArrayInfo> MetadataWriter::array_info(const ArrayInfo& info) {
  const auto name = text(info.name);
  const auto dimension_names = names(info.dimension_names);
  const auto unit = text(info.unit);
  const auto channel_names = names(info.channel_names);
  const auto pixel_format = text(info.pixel_format);
  const auto colour_space = text(info.colour_space);
  proto::Colour colour;
  if (info.colour) {
    colour = proto::Colour(info.colour->primaries, info.colour->transfer, info.colour->matrix, info.colour->full_range);
  }
  return proto::CreateArrayInfo(builder_, name, dimension_names, unit, channel_names, info.significant_bits, pixel_format,
                                info.colour ? &colour : nullptr, colour_space);
}

Offset<proto::Attribute> MetadataWriter::attribute(const Attributes::Entry& entry) {
  if (entry.key.empty()) refuse("an attribute without a key");
  const auto key = text(entry.key);
  const auto* string = std::get_if<std::string>(&entry.value);
  const auto value_text = string == nullptr ? TextOffset(0) : text(*string);
  proto::AttributeBuilder attribute(builder_);
  attribute.add_key(key);
  if (const auto* flag = std::get_if<bool>(&entry.value)) {
    attribute.add_type(proto::AttributeType::Bool);
    attribute.add_integer(*flag ? 1 : 0);
  } else if (const auto* integer = std::get_if<std::int64_t>(&entry.value)) {
    attribute.add_type(proto::AttributeType::Integer);
    attribute.add_integer(*integer);
  } else if (const auto* real = std::get_if<double>(&entry.value)) {
    attribute.add_type(proto::AttributeType::Real);
    attribute.add_real(*real);
  } else {
    attribute.add_type(proto::AttributeType::Text);
    attribute.add_text(value_text);
  }
  return attribute.Finish();
}

Offset<flatbuffers::Vector<Offset<proto::ArrayInfo>>> MetadataWriter::array_infos(std::span<const ArrayInfo> infos) {
  infos_.clear();
  for (const ArrayInfo& info : infos) infos_.push_back(array_info(info));
  return list(builder_, infos_);
}

Offset<flatbuffers::Vector<Offset<proto::Attribute>>> MetadataWriter::attributes(const Attributes& attributes) {
  if (attributes.size() > kMaxAttributes) refuse(std::to_string(attributes.size()) + " attributes");
  attributes_.clear();
  for (const Attributes::Entry& entry : attributes) attributes_.push_back(attribute(entry));
  return list(builder_, attributes_);
}

Offset<proto::Metadata> MetadataWriter::metadata(const Metadata& metadata, std::size_t arrays) {
  names_left_ = kMaxNames;
  const auto entries = attributes(metadata.attributes);
  const auto infos = array_infos(std::span(metadata.arrays).first(std::min(metadata.arrays.size(), arrays)));
  const proto::Number frame_id(metadata.frame_id.value_or(0));
  const proto::Time acquired(metadata.acquired.value_or(Timestamp{}).time_since_epoch().count());
  return proto::CreateMetadata(builder_, metadata.frame_id ? &frame_id : nullptr, metadata.acquired ? &acquired : nullptr,
                               metadata.exposure.count(), static_cast<proto::Clock>(metadata.clock), entries, infos);
}

}  // namespace arraywire::wire
