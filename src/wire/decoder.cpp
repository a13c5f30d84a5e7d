#include "wire/decoder.hpp"

#include "wire/read_data.hpp"

#include <cstring>

namespace arraywire::wire {
namespace {

// Header > Data > Metadata > ArrayInfo > Name is a depth of 5; a newer minor may nest a little deeper.
constexpr flatbuffers::uoffset_t kMaxDepth = 16;
// Arrays, their infos, attributes, names and what is around them, with room for a newer minor's. Offsets may share tables, so
// this is what bounds the time that verifying takes: only lists of tables cost more than their own bytes.
constexpr flatbuffers::uoffset_t kMaxTables = 16384;
static_assert(kMaxTables > 2 * kMaxArrays + kMaxAttributes + kMaxNames + 100);
// The root offset and the file identifier.
constexpr std::size_t kMinHeaderBytes = sizeof(flatbuffers::uoffset_t) + flatbuffers::kFileIdentifierLength;

struct alignas(16) Block {
  std::byte bytes[16];
};

Id from_wire(const proto::Id* id) noexcept { return id == nullptr ? Id{} : Id{id->high(), id->low()}; }

// The one thing that is at the same place in every major version, so it is read before the rest is believed.
bool read_version(flatbuffers::Verifier& verifier, const std::uint8_t* buffer, Version& version) {
  const flatbuffers::uoffset_t root_offset = verifier.VerifyOffset(0);
  if (root_offset == 0) return false;
  const auto* root = reinterpret_cast<const flatbuffers::Table*>(buffer + root_offset);
  if (!root->VerifyTableStart(verifier) ||
      !root->VerifyFieldRequired<proto::Version>(verifier, proto::Header::VT_VERSION, alignof(proto::Version))) {
    return false;
  }
  const auto* found = root->GetStruct<const proto::Version*>(proto::Header::VT_VERSION);
  version = {found->major(), found->minor()};
  return true;
}

bool is_depth(std::uint32_t n) noexcept { return n >= 1 && n <= kMaxQueue; }

}  // namespace

std::string_view describe(WireError error) noexcept {
  switch (error) {
    case WireError::Oversized: return "the header is larger than the protocol allows";
    case WireError::NotArraywire: return "not an arraywire header";
    case WireError::OtherMajor: return "another major version of the protocol";
    case WireError::Malformed: return "the header is damaged";
    case WireError::UnknownKind: return "a kind of message that a newer minor version has";
    case WireError::BadSpec: return "an array whose dtype, shape, strides or offset is not possible";
    case WireError::BadField: return "a field with a value that the protocol does not allow";
  }
  return "unknown";
}

std::string describe_other_major(Version peer) {
  const auto text = [](Version v) { return std::to_string(v.major) + "." + std::to_string(v.minor); };
  return "the peer speaks arraywire protocol " + text(peer) + ", this side " + text(kVersion);
}

class Decoder::Impl {
 public:
  Result<Envelope, WireError> read(std::span<const std::byte> bytes);
  // The body if it is of that kind, else null; what it holds is charged anew.
  template <class Body> const Body* begin() {
    body_error = WireError::BadField;
    fields.begin();
    return header == nullptr ? nullptr : header->body_as<Body>();
  }

  Version version{};
  const proto::Header* header = nullptr;  // in buffer; null unless read() succeeded
  WireError body_error = WireError::BadField;
  FieldReader fields{};

 private:
  Result<Envelope, WireError> envelope() const;

  // As large as a header may be, so that no peer can make it grow; the system gives memory to what is touched only.
  std::unique_ptr<Block[]> buffer_ = std::make_unique_for_overwrite<Block[]>(kMaxHeaderBytes / sizeof(Block));
};

Result<Envelope, WireError> Decoder::Impl::read(std::span<const std::byte> bytes) {
  header = nullptr;
  version = {};
  if (bytes.size() > kMaxHeaderBytes) return WireError::Oversized;
  if (bytes.size() < kMinHeaderBytes) return WireError::NotArraywire;
  std::memcpy(buffer_.get(), bytes.data(), bytes.size());
  const auto* buffer = reinterpret_cast<const std::uint8_t*>(buffer_.get());
  if (!proto::HeaderBufferHasIdentifier(buffer)) return WireError::NotArraywire;
  const auto verifier = [&] { return flatbuffers::Verifier(buffer, bytes.size(), kMaxDepth, kMaxTables); };
  auto first = verifier();
  if (!read_version(first, buffer, version)) return WireError::Malformed;
  if (version.major != kVersion.major) return WireError::OtherMajor;
  auto whole = verifier();
  if (!proto::VerifyHeaderBuffer(whole)) return WireError::Malformed;
  header = proto::GetHeader(buffer);
  auto result = envelope();
  if (!result) header = nullptr;
  return result;
}

Result<Envelope, WireError> Decoder::Impl::envelope() const {
  const auto body = static_cast<std::uint8_t>(header->body_type());
  if (body == 0) return WireError::Malformed;
  if (body > static_cast<std::uint8_t>(proto::Body::MAX)) return WireError::UnknownKind;
  static_assert(static_cast<int>(proto::Body::MAX) == static_cast<int>(Kind::Bye) + 1);
  const auto kind = static_cast<Kind>(body - 1);
  const Envelope envelope{version, kind, from_wire(header->epoch()), from_wire(header->session())};
  // A subscriber knows no epoch before Welcome; a publisher may refuse what it could not read the session of.
  if (!envelope.epoch && kind != Kind::Hello) return WireError::BadField;
  if (!envelope.session && kind != Kind::Refused) return WireError::BadField;
  return envelope;
}

Decoder::Decoder() : impl_(std::make_unique<Impl>()) {}
Decoder::~Decoder() = default;

Result<Envelope, WireError> Decoder::read(std::span<const std::byte> header) { return impl_->read(header); }
Version Decoder::peer_version() const noexcept { return impl_->version; }
WireError Decoder::body_error() const noexcept { return impl_->body_error; }

bool Decoder::hello(Hello& out) const {
  const auto* body = impl_->begin<proto::Hello>();
  if (body == nullptr) return false;
  FieldReader& fields = impl_->fields;
  out.pid = body->pid();
  out.queue = body->queue();
  out.hold = body->hold();
  out.bytes_wanted = body->bytes_wanted();
  out.replaces = from_wire(body->replaces());
  out.last_epoch = from_wire(body->last_epoch());
  out.last_sequence = body->last_sequence();
  return is_depth(out.queue) && is_depth(out.hold) && enumerator(body->when_full(), out.when_full, WhenFull::Latest) &&
         enumerator(body->lane(), out.lane, LaneChoice::Inline) && fields.text(body->name(), out.name, kMaxNameBytes) &&
         fields.text(body->stream(), out.stream, kMaxNameBytes) &&
         fields.text(body->lane_reason(), out.lane_reason, kMaxReasonBytes) && fields.numbers(body->held(), out.held, kMaxListed);
}

bool Decoder::welcome(Welcome& out) const {
  const auto* body = impl_->begin<proto::Welcome>();
  if (body == nullptr) return false;
  FieldReader& fields = impl_->fields;
  out.queue = body->queue();
  out.hold = body->hold();
  out.sequence = body->sequence();
  out.missed = body->missed();
  out.host = from_wire(body->host());
  return is_depth(out.queue) && is_depth(out.hold) && enumerator(body->delivery(), out.delivery, Delivery::Distribute) &&
         enumerator(body->lane(), out.lane, Lane::SharedMemory) &&
         enumerator(body->when_full(), out.when_full, WhenFull::Latest) && out.when_full != WhenFull::Automatic &&
         fields.text(body->stream(), out.stream, kMaxNameBytes) && !out.stream.empty() &&
         fields.text(body->lane_reason(), out.lane_reason, kMaxReasonBytes) &&
         fields.metadata(body->metadata(), out.metadata, kMaxArrays);
}

bool Decoder::refused(Refused& out) const {
  const auto* body = impl_->begin<proto::Refused>();
  if (body == nullptr) return false;
  const auto* supported = body->supported();
  out.supported = supported == nullptr ? impl_->version : Version{supported->major(), supported->minor()};
  return impl_->fields.text(body->reason(), out.reason, kMaxReasonBytes);
}

bool Decoder::data(Data& out) const {
  const auto* body = impl_->begin<proto::Data>();
  if (body == nullptr) return false;
  const auto error = read_data(*body, impl_->fields, out);
  if (error) impl_->body_error = *error;
  return !error;
}

bool Decoder::returns(Return& out) const {
  const auto* body = impl_->begin<proto::Return>();
  if (body == nullptr) return false;
  out.taken_through = body->taken_through();
  out.want = body->want();
  out.ended = body->ended();
  FieldReader& fields = impl_->fields;
  return fields.numbers(body->released(), out.released, kMaxListed) && fields.numbers(body->rejected(), out.rejected, kMaxListed);
}

bool Decoder::end(End& out) const {
  const auto* body = impl_->begin<proto::StreamEnd>();
  if (body == nullptr) return false;
  out = {body->last_sequence(), body->missed()};
  return true;
}

bool Decoder::bye(Bye& out) const {
  const auto* body = impl_->begin<proto::Bye>();
  return body != nullptr && impl_->fields.numbers(body->held(), out.held, kMaxListed);
}

}  // namespace arraywire::wire
