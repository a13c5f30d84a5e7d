// Writes into an encoded Data header by following its offsets, as a FlatBuffers reader would, but at any alignment.
#include "wire/encoder.hpp"

#include <arraywire_generated.h>

#include <cstring>

namespace arraywire::wire {
namespace {

template <class T> T load(std::span<const std::byte> header, std::size_t at) noexcept {
  T value;
  std::memcpy(&value, header.data() + at, sizeof value);
  return value;
}

template <class T> void store(std::span<std::byte> header, std::size_t at, const T& value) noexcept {
  std::memcpy(header.data() + at, &value, sizeof value);
}

std::size_t follow(std::span<const std::byte> header, std::size_t at) noexcept {
  return at + load<flatbuffers::uoffset_t>(header, at);
}

std::size_t field_of(std::span<const std::byte> header, std::size_t table, flatbuffers::voffset_t field) noexcept {
  const auto vtable = static_cast<std::size_t>(static_cast<std::int64_t>(table) - load<flatbuffers::soffset_t>(header, table));
  return table + load<flatbuffers::voffset_t>(header, vtable + field);
}

}  // namespace

void stamp(std::span<std::byte> header, Id epoch, Id session, const Stamp& stamp) noexcept {
  const std::size_t root = follow(header, 0);
  store(header, field_of(header, root, proto::Header::VT_EPOCH), proto::Id(epoch.high, epoch.low));
  store(header, field_of(header, root, proto::Header::VT_SESSION), proto::Id(session.high, session.low));
  const std::size_t data = follow(header, field_of(header, root, proto::Header::VT_BODY));
  store(header, field_of(header, data, proto::Data::VT_STAMP),
        proto::Stamp(stamp.delivery, stamp.sequence, stamp.missed_before, stamp.slot, stamp.attempt, stamp.from_history));
}

}  // namespace arraywire::wire
