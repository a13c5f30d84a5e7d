#include "wire/encoder.hpp"

#include "wire/write_metadata.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

namespace arraywire::wire {
namespace {

static_assert(std::endian::native == std::endian::little,
              "arraywire is little-endian on the wire and copies nothing to get there");

// The schema's enums have our values; the decoder checks ranges, here a cast is enough.
template <class To, class From> To as(From value) noexcept {
  static_assert(sizeof(To) == sizeof(From));
  return static_cast<To>(value);
}

proto::Id to_wire(Id id) { return {id.high, id.low}; }
proto::Version to_wire(Version version) { return {version.major, version.minor}; }

// To the bit: -0.0 is not 0.0 here.
bool same(const Attributes::Entry& a, const Attributes::Entry& b) {
  const auto* of_a = std::get_if<double>(&a.value);
  const auto* of_b = std::get_if<double>(&b.value);
  if (of_a == nullptr || of_b == nullptr) return a == b;
  return a.key == b.key && std::bit_cast<std::uint64_t>(*of_a) == std::bit_cast<std::uint64_t>(*of_b);
}

// But for the numbers that are another with every message, and are at a fixed place.
bool alike(const Metadata& a, const Metadata& b) {
  const auto& [frame_id, acquired, exposure, clock, attributes, arrays] = a;
  return frame_id.has_value() == b.frame_id.has_value() && acquired.has_value() == b.acquired.has_value() &&
         exposure == b.exposure && clock == b.clock && std::ranges::equal(attributes, b.attributes, same) && arrays == b.arrays;
}

// The Data that the builder holds.
class LastData {
 public:
  void forget() noexcept { known_ = false; }
  void remember(const DataTemplate& data) {
    specs_.assign(data.specs.begin(), data.specs.end());
    offsets_.assign(data.offsets.begin(), data.offsets.end());
    metadata_ = data.metadata;
    has_checksum_ = data.checksum.has_value();
    known_ = data.published_steady_ns != 0;  // 0 is not written, so there is no place for another
  }
  bool is_like(const DataTemplate& data) const {
    return known_ && data.published_steady_ns != 0 && std::ranges::equal(specs_, data.specs) &&
           std::ranges::equal(offsets_, data.offsets) && has_checksum_ == data.checksum.has_value() &&
           alike(metadata_, data.metadata);
  }

 private:
  bool known_ = false;
  bool has_checksum_ = false;
  std::vector<ArraySpec> specs_{};
  std::vector<std::uint64_t> offsets_{};
  Metadata metadata_{};
};

void write_numbers(std::uint8_t* header, const DataTemplate& data) {
  auto* body = flatbuffers::GetMutableRoot<flatbuffers::Table>(header)->GetPointer<flatbuffers::Table*>(proto::Header::VT_BODY);
  *body->GetStruct<proto::Time*>(proto::Data::VT_PUBLISHED) = proto::Time(data.published.time_since_epoch().count());
  body->SetField(proto::Data::VT_PUBLISHED_STEADY_NS, data.published_steady_ns, std::int64_t{0});
  if (data.checksum) *body->GetStruct<proto::Number*>(proto::Data::VT_CHECKSUM) = proto::Number(*data.checksum);
  auto* metadata = body->GetPointer<flatbuffers::Table*>(proto::Data::VT_METADATA);
  if (data.metadata.frame_id)
    *metadata->GetStruct<proto::Number*>(proto::Metadata::VT_FRAME_ID) = proto::Number(*data.metadata.frame_id);
  if (data.metadata.acquired) {
    *metadata->GetStruct<proto::Time*>(proto::Metadata::VT_ACQUIRED) =
        proto::Time(data.metadata.acquired->time_since_epoch().count());
  }
}

}  // namespace

class Encoder::Impl {
 public:
  // Every message begins here: an exception may have left the last one half-made.
  MetadataWriter& begin() {
    last_data.forget();
    builder.Clear();
    return writer;
  }

  template <class Table> std::span<const std::byte> finish(const Envelope& envelope, proto::Body kind, Offset<Table> body) {
    const proto::Version version = to_wire(envelope.version);
    const proto::Id epoch = to_wire(envelope.epoch);
    const proto::Id session = to_wire(envelope.session);
    proto::FinishHeaderBuffer(builder, proto::CreateHeader(builder, &version, &epoch, &session, kind, body.Union()));
    if (builder.GetSize() > kMaxHeaderBytes) {
      throw Error(ErrorCode::InvalidArgument, "encode a header: it has " + std::to_string(builder.GetSize()) +
                                                  " bytes, more than " + std::to_string(kMaxHeaderBytes));
    }
    return bytes();
  }

  std::span<const std::byte> bytes() { return std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize())); }

  Offset<proto::Array> array(const ArraySpec& spec) {
    const DLPackCode code = dlpack_code(spec.dtype);
    const auto shape = extents(spec.shape);
    const auto stride_bytes = extents(spec.stride_bytes);
    return proto::CreateArray(builder, code.code, code.bits, shape, stride_bytes);
  }

  Offset<flatbuffers::Vector<std::int64_t>> extents(const Extents& values) {
    return values.empty() ? 0 : builder.CreateVector(values.begin(), values.size());
  }

  flatbuffers::FlatBufferBuilder builder{4096};
  MetadataWriter writer{builder};
  LastData last_data{};
};

Encoder::Encoder() : impl_(std::make_unique<Impl>()) {}
Encoder::~Encoder() = default;

std::span<const std::byte> Encoder::hello(const Envelope& envelope, const Hello& hello) {
  MetadataWriter& writer = impl_->begin();
  const auto name = writer.text_for_people(hello.name, kMaxNameBytes);
  const auto stream = writer.text(hello.stream);
  const auto lane_reason = writer.text_for_people(hello.lane_reason, kMaxReasonBytes);
  const auto held = writer.numbers(hello.held);
  const proto::Id replaces = to_wire(hello.replaces);
  const proto::Id last_epoch = to_wire(hello.last_epoch);
  proto::HelloBuilder body(impl_->builder);
  body.add_name(name);
  body.add_pid(hello.pid);
  body.add_stream(stream);
  body.add_queue(hello.queue);
  body.add_hold(hello.hold);
  body.add_bytes_wanted(hello.bytes_wanted);
  body.add_when_full(as<proto::WhenFull>(hello.when_full));
  body.add_lane(as<proto::LaneChoice>(hello.lane));
  body.add_lane_reason(lane_reason);
  if (hello.replaces) body.add_replaces(&replaces);
  if (hello.last_epoch) body.add_last_epoch(&last_epoch);
  body.add_last_sequence(hello.last_sequence);
  body.add_held(held);
  return impl_->finish(envelope, proto::Body::Hello, body.Finish());
}

std::span<const std::byte> Encoder::welcome(const Envelope& envelope, const Welcome& welcome) {
  MetadataWriter& writer = impl_->begin();
  if (welcome.stream.empty()) throw Error(ErrorCode::InvalidArgument, "encode a header: Welcome without a stream's name");
  const auto stream = writer.text(welcome.stream);
  const auto lane_reason = writer.text_for_people(welcome.lane_reason, kMaxReasonBytes);
  const auto metadata = writer.metadata(welcome.metadata, kMaxArrays);
  const proto::Id host = to_wire(welcome.host);
  proto::WelcomeBuilder body(impl_->builder);
  body.add_stream(stream);
  body.add_delivery(as<proto::Delivery>(welcome.delivery));
  body.add_lane(as<proto::Lane>(welcome.lane));
  body.add_lane_reason(lane_reason);
  body.add_queue(welcome.queue);
  body.add_hold(welcome.hold);
  body.add_when_full(as<proto::WhenFull>(welcome.when_full));
  body.add_sequence(welcome.sequence);
  body.add_missed(welcome.missed);
  if (welcome.host) body.add_host(&host);
  body.add_metadata(metadata);
  return impl_->finish(envelope, proto::Body::Welcome, body.Finish());
}

std::span<const std::byte> Encoder::refused(const Envelope& envelope, const Refused& refused) {
  const auto reason = impl_->begin().text_for_people(refused.reason, kMaxReasonBytes);
  const proto::Version supported = to_wire(refused.supported);
  return impl_->finish(envelope, proto::Body::Refused, proto::CreateRefused(impl_->builder, reason, &supported));
}

std::span<const std::byte> Encoder::data(const DataTemplate& data) {
  if (impl_->last_data.is_like(data)) {  // as most of a stream's messages are
    write_numbers(impl_->builder.GetBufferPointer(), data);
    return impl_->bytes();
  }
  MetadataWriter& writer = impl_->begin();
  if (data.specs.empty() || data.specs.size() > kMaxArrays ||
      (!data.offsets.empty() && data.offsets.size() != data.specs.size())) {
    throw Error(ErrorCode::InvalidArgument, "encode a header: " + std::to_string(data.specs.size()) + " arrays at " +
                                                std::to_string(data.offsets.size()) + " offsets");
  }
  std::array<Offset<proto::Array>, kMaxArrays> arrays;
  for (std::size_t i = 0; i < data.specs.size(); ++i) arrays[i] = impl_->array(data.specs[i]);
  const auto specs = impl_->builder.CreateVector(arrays.data(), data.specs.size());
  const auto offsets = writer.numbers(data.offsets);
  const auto metadata = writer.metadata(data.metadata, data.specs.size());
  // Zeros for what stamp() writes: every field of these structs is there at a fixed place, whatever its value.
  const proto::Stamp stamp{};
  const proto::Time published(data.published.time_since_epoch().count());
  const proto::Number checksum(data.checksum.value_or(0));
  const auto body = proto::CreateData(impl_->builder, &stamp, &published, data.published_steady_ns, specs, offsets,
                                      data.checksum ? &checksum : nullptr, metadata);
  const auto header = impl_->finish({}, proto::Body::Data, body);
  impl_->last_data.remember(data);
  return header;
}

std::span<const std::byte> Encoder::returns(const Envelope& envelope, const Return& returns) {
  MetadataWriter& writer = impl_->begin();
  const auto released = writer.numbers(returns.released);
  const auto rejected = writer.numbers(returns.rejected);
  const auto body = proto::CreateReturn(impl_->builder, returns.taken_through, released, rejected, returns.want, returns.ended);
  return impl_->finish(envelope, proto::Body::Return, body);
}

std::span<const std::byte> Encoder::alive(const Envelope& envelope) {
  impl_->begin();
  return impl_->finish(envelope, proto::Body::Alive, proto::CreateAlive(impl_->builder));
}

std::span<const std::byte> Encoder::end(const Envelope& envelope, const End& end) {
  impl_->begin();
  return impl_->finish(envelope, proto::Body::End, proto::CreateStreamEnd(impl_->builder, end.last_sequence, end.missed));
}

std::span<const std::byte> Encoder::bye(const Envelope& envelope, const Bye& bye) {
  const auto held = impl_->begin().numbers(bye.held);
  return impl_->finish(envelope, proto::Body::Bye, proto::CreateBye(impl_->builder, held));
}

}  // namespace arraywire::wire
