#include "wire/golden.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace arraywire::wire::testing {
namespace {

using Json = nlohmann::json;

template <class Enum, std::size_t N> Enum enumerator(const Json& json, const std::array<const char*, N>& names) {
  for (std::size_t i = 0; i < N; ++i) {
    if (json.get<std::string>() == names[i]) return static_cast<Enum>(i);
  }
  throw std::runtime_error("golden.json: unknown name " + json.dump());
}
constexpr std::array kKinds{"Hello", "Welcome", "Refused", "Data", "Return", "Alive", "End", "Bye"};
constexpr std::array kWhenFull{"Automatic", "Block", "DropNewest", "Latest"};
constexpr std::array kLaneChoices{"Automatic", "SharedMemory", "Inline"};
constexpr std::array kLanes{"Inline", "SharedMemory"};
constexpr std::array kDeliveries{"FanOut", "Distribute"};
constexpr std::array kClocks{"Host", "Ptp", "Device"};

Id id(const Json& json) {
  if (json.is_null()) return {};
  const auto text = json.get<std::string>();
  return {std::stoull(text.substr(0, 16), nullptr, 16), std::stoull(text.substr(16), nullptr, 16)};
}
Version version(const Json& json) { return {json.at(0), json.at(1)}; }
Timestamp timestamp(const Json& json) { return Timestamp(std::chrono::nanoseconds(json.get<std::int64_t>())); }
Extents extents(const Json& json) {
  const auto values = json.get<std::vector<std::int64_t>>();
  return Extents(std::span<const std::int64_t>(values));
}

void set(Attributes& attributes, const Json& json) {
  const std::string key = json.at(0);
  const std::string type = json.at(1);
  const Json& value = json.at(2);
  if (type == "Bool") {
    attributes.set(key, value.get<bool>());
  } else if (type == "Integer") {
    attributes.set(key, value.get<std::int64_t>());
  } else if (type == "Real") {
    attributes.set(key, value.get<double>());
  } else {
    attributes.set(key, std::string_view(value.get_ref<const std::string&>()));
  }
}

ArrayInfo array_info(const Json& json) {
  ArrayInfo info;
  info.name = json.at("name");
  info.dimension_names = json.at("dimension_names");
  info.unit = json.at("unit");
  info.channel_names = json.at("channel_names");
  info.significant_bits = json.at("significant_bits");
  info.pixel_format = json.at("pixel_format");
  info.colour_space = json.at("colour_space");
  if (const Json& colour = json.at("colour"); !colour.is_null()) {
    info.colour = Colour{colour.at("primaries"), colour.at("transfer"), colour.at("matrix"), colour.at("full_range")};
  }
  return info;
}

Metadata metadata(const Json& json) {
  Metadata metadata;
  if (!json.at("frame_id").is_null()) metadata.frame_id = json.at("frame_id").get<std::uint64_t>();
  if (!json.at("acquired_ns").is_null()) metadata.acquired = timestamp(json.at("acquired_ns"));
  metadata.exposure = std::chrono::nanoseconds(json.at("exposure_ns").get<std::int64_t>());
  metadata.clock = enumerator<ClockSource>(json.at("clock"), kClocks);
  for (const Json& attribute : json.at("attributes")) set(metadata.attributes, attribute);
  for (const Json& info : json.at("arrays")) metadata.arrays.push_back(array_info(info));
  return metadata;
}

Hello hello(const Json& json) {
  return {.name = json.at("name"),
          .pid = json.at("pid"),
          .stream = json.at("stream"),
          .queue = json.at("queue"),
          .hold = json.at("hold"),
          .bytes_wanted = json.at("bytes_wanted"),
          .when_full = enumerator<WhenFull>(json.at("when_full"), kWhenFull),
          .lane = enumerator<LaneChoice>(json.at("lane"), kLaneChoices),
          .lane_reason = json.at("lane_reason"),
          .replaces = id(json.at("replaces")),
          .last_epoch = id(json.at("last_epoch")),
          .last_sequence = json.at("last_sequence"),
          .held = json.at("held")};
}

Welcome welcome(const Json& json) {
  return {.stream = json.at("stream"),
          .delivery = enumerator<Delivery>(json.at("delivery"), kDeliveries),
          .lane = enumerator<Lane>(json.at("lane"), kLanes),
          .lane_reason = json.at("lane_reason"),
          .queue = json.at("queue"),
          .hold = json.at("hold"),
          .when_full = enumerator<WhenFull>(json.at("when_full"), kWhenFull),
          .sequence = json.at("sequence"),
          .missed = json.at("missed"),
          .host = id(json.at("host")),
          .metadata = metadata(json.at("metadata"))};
}

Data data(const Json& json) {
  Data data;
  const Json& stamp = json.at("stamp");
  data.stamp = {stamp.at("delivery"), stamp.at("sequence"), stamp.at("missed_before"),
                stamp.at("slot"),     stamp.at("attempt"),  stamp.at("from_history")};
  static_cast<Metadata&>(data.info) = metadata(json.at("metadata"));
  data.info.published = timestamp(json.at("published_ns"));
  data.published_steady_ns = json.at("published_steady_ns");
  for (const Json& array : json.at("arrays")) {
    const auto dtype = dtype_from_name(array.at("dtype").get_ref<const std::string&>());
    data.specs.push_back({dtype.value(), extents(array.at("shape")), extents(array.at("stride_bytes"))});
    data.payload_bytes.push_back(array.at("payload_bytes"));
  }
  data.offsets = json.at("offsets").get<std::vector<std::uint64_t>>();
  if (!json.at("checksum").is_null()) data.checksum = json.at("checksum").get<std::uint64_t>();
  return data;
}

GoldenMessage message(const Json& json) {
  GoldenMessage message;
  message.file = json.at("file");
  message.envelope.kind = enumerator<Kind>(json.at("kind"), kKinds);
  message.envelope.epoch = id(json.at("epoch"));
  message.envelope.session = id(json.at("session"));
  const Json& body = json.at("body");
  switch (message.envelope.kind) {
    case Kind::Hello: message.body = hello(body); break;
    case Kind::Welcome: message.body = welcome(body); break;
    case Kind::Refused: message.body = Refused{body.at("reason"), version(body.at("supported"))}; break;
    case Kind::Data: message.body = data(body); break;
    case Kind::Return:
      message.body =
          Return{body.at("taken_through"), body.at("released"), body.at("rejected"), body.at("want"), body.at("ended")};
      break;
    case Kind::Alive: message.body = Alive{}; break;
    case Kind::End: message.body = End{body.at("last_sequence"), body.at("missed")}; break;
    case Kind::Bye: message.body = Bye{body.at("held")}; break;
  }
  return message;
}

}  // namespace

std::vector<GoldenMessage> golden_messages(const std::filesystem::path& folder) {
  const Json json = Json::parse(std::ifstream(folder / "golden.json"));
  std::vector<GoldenMessage> messages;
  for (const Json& entry : json.at("messages")) {
    messages.push_back(message(entry));
    messages.back().envelope.version = version(json.at("version"));
  }
  return messages;
}

std::vector<std::byte> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path.string());
  std::vector<std::byte> bytes(std::filesystem::file_size(path));
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

std::filesystem::path golden_folder() { return ARRAYWIRE_GOLDEN_FOLDER; }

}  // namespace arraywire::wire::testing
