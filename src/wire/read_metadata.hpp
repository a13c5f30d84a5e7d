// Metadata and text out of a verified FlatBuffer. For the decoder only: verified means that every offset is inside the buffer,
// not that a value makes sense or that two offsets differ.
#pragma once

#include "wire/messages.hpp"

#include <arraywire_generated.h>

#include <cstddef>
#include <string>
#include <vector>

namespace arraywire::wire {

using WireText = flatbuffers::String;
using WireNames = flatbuffers::Vector<flatbuffers::Offset<proto::Name>>;

// Every function answers false for what the protocol does not allow, and otherwise overwrites its target whole,
// keeping the target's memory.
class FieldReader {
 public:
  void begin() noexcept {  // a new header
    bytes_left_ = kMaxHeaderBytes;
    names_left_ = kMaxNames;
  }

  bool text(const WireText* from, std::string& to, std::size_t limit = kMaxHeaderBytes);
  bool numbers(const flatbuffers::Vector<std::uint64_t>* from, std::vector<std::uint64_t>& to, std::size_t limit);
  bool metadata(const proto::Metadata* from, Metadata& to, std::size_t max_arrays);

 private:
  bool spend(std::size_t bytes);
  bool names(const WireNames* from, std::vector<std::string>& to);
  bool array_info(const proto::ArrayInfo& from, ArrayInfo& to);
  bool attribute(const proto::Attribute& from, Attributes& to);

  // Offsets may all name the same bytes, so a small header could ask for any amount of text. Each text is charged what it takes
  // at least in a header that holds it once: no header without such tricks runs out.
  std::size_t bytes_left_ = kMaxHeaderBytes;
  std::size_t names_left_ = kMaxNames;
  std::string key_;
};

// False for a value that the enum does not have.
template <class To, class From> bool enumerator(From from, To& to, To last) noexcept {
  static_assert(sizeof(To) == sizeof(From));
  if (static_cast<std::uint8_t>(from) > static_cast<std::uint8_t>(last)) return false;
  to = static_cast<To>(from);
  return true;
}

}  // namespace arraywire::wire
