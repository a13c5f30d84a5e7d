// Metadata and text into a FlatBuffer under construction. For the encoder only.
#pragma once

#include "wire/messages.hpp"

#include <arraywire_generated.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace arraywire::wire {

template <class T> using Offset = flatbuffers::Offset<T>;
using TextOffset = Offset<flatbuffers::String>;

// Keeps its lists' memory from message to message. An empty text or list is not written. Throws Error{InvalidArgument}.
class MetadataWriter {
 public:
  explicit MetadataWriter(flatbuffers::FlatBufferBuilder& builder) : builder_(builder) {}

  TextOffset text(std::string_view bytes);
  TextOffset text_for_people(std::string_view bytes, std::size_t limit);  // never throws for what the text is
  Offset<flatbuffers::Vector<std::uint64_t>> numbers(std::span<const std::uint64_t> values);
  // Of `metadata.arrays` only as many as the message has arrays: a stage that passes on fewer may pass the info on whole.
  Offset<proto::Metadata> metadata(const Metadata& metadata, std::size_t arrays);

 private:
  Offset<flatbuffers::Vector<Offset<proto::Name>>> names(const std::vector<std::string>& values);
  Offset<proto::ArrayInfo> array_info(const ArrayInfo& info);
  Offset<proto::Attribute> attribute(const Attributes::Entry& entry);
  Offset<flatbuffers::Vector<Offset<proto::ArrayInfo>>> array_infos(std::span<const ArrayInfo> infos);
  Offset<flatbuffers::Vector<Offset<proto::Attribute>>> attributes(const Attributes& attributes);

  flatbuffers::FlatBufferBuilder& builder_;
  std::string scratch_;
  std::vector<Offset<proto::Name>> names_;
  std::size_t names_left_ = kMaxNames;
  std::vector<Offset<proto::ArrayInfo>> infos_;
  std::vector<Offset<proto::Attribute>> attributes_;
};

}  // namespace arraywire::wire
