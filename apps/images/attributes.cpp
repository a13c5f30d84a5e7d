#include "images/attributes.hpp"

#include "images/attribute_types.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace arraywire::images {
namespace {

using nlohmann::ordered_json;
using OIIO::TypeDesc;

constexpr std::array kIntegers = {TypeDesc::INT8, TypeDesc::UINT8, TypeDesc::INT16, TypeDesc::UINT16, TypeDesc::INT32};
constexpr std::string_view kOwnPrefix = "image:";
// A header holds 1 MiB and 1024 attributes; some are left for what is not the file's.
constexpr std::size_t kMostText = std::size_t{512} << 10U;
constexpr std::size_t kMostAttributes = 1000;

// OpenImageIO's view of what the array says itself, or parts of a larger attribute again.
bool said_elsewhere(std::string_view name) {
  for (const std::string_view known : {"oiio:ColorSpace", "oiio:subimages", "oiio:subimagename", "openexr:chunkCount", "CICP"}) {
    if (name == known) return true;
  }
  return name.starts_with("ICCProfile:") || name.starts_with(kOwnPrefix);
}

// As Integer, Real or Text; false for other types.
bool take_plain(const OIIO::ParamValue& value, Attributes& to) {
  const std::string& name = value.name().string();
  if (value.nvalues() != 1) return false;
  // Shorter ones, too: writers look for an Orientation of type int.
  const bool integer = std::any_of(kIntegers.begin(), kIntegers.end(), [&](auto type) { return value.type() == TypeDesc(type); });
  if (integer) {
    to.set(name, std::int64_t{value.get_int()});
  } else if (value.type() == TypeDesc::FLOAT) {
    to.set(name, double{value.get<float>()});
  } else if (value.type() == TypeDesc::STRING && is_text(value.get<OIIO::ustring>().string())) {
    to.set(name, std::string_view(value.get<OIIO::ustring>().string()));
  } else {
    return false;
  }
  return true;
}

void give(OIIO::ImageSpec& to, const std::string& name, bool value) { to.attribute(name, value ? 1 : 0); }

void give(OIIO::ImageSpec& to, const std::string& name, std::int64_t value) {
  constexpr std::int64_t kLeast = std::numeric_limits<int>::min();
  constexpr std::int64_t kMost = std::numeric_limits<int>::max();
  if (value >= kLeast && value <= kMost) {
    to.attribute(name, static_cast<int>(value));
  } else {
    to.attribute(name, TypeDesc(TypeDesc::INT64), &value);
  }
}

void give(OIIO::ImageSpec& to, const std::string& name, double value) {
  const bool fits = !std::isfinite(value) || std::abs(value) <= double{std::numeric_limits<float>::max()};
  if (const auto narrow = fits ? static_cast<float>(value) : 0.0F; fits && (std::isnan(value) || double{narrow} == value)) {
    to.attribute(name, narrow);
  } else {
    to.attribute(name, TypeDesc(TypeDesc::DOUBLE), &value);
  }
}

void give(OIIO::ImageSpec& to, const std::string& name, const std::string& value) { to.attribute(name, value); }

bool give_typed(OIIO::ImageSpec& to, const std::string& name, const std::string& text, const std::string& type_text) {
  const auto type = type_named(type_text);
  const auto value = type ? value_of(*type, text) : std::nullopt;
  if (!value) return false;
  to.attribute(name, *type, value->data());
  return true;
}

}  // namespace

void take_attributes(const OIIO::ParamValueList& from, Attributes& to, std::vector<std::string>& left_behind) {
  ordered_json types = ordered_json::object();
  std::size_t used = 0;
  for (const OIIO::ParamValue& value : from) {
    const std::string& name = value.name().string();
    if (name.starts_with(kOwnPrefix)) left_behind.push_back(name);
    if (said_elsewhere(name)) continue;
    const std::string type = type_name(value.type());
    const bool plain = value.type() == TypeDesc::STRING && value.nvalues() == 1;
    const std::size_t size = name.size() + (plain ? value.get<OIIO::ustring>().size() : 24 * value.type().basevalues());
    const bool travels = !name.empty() && is_text(name) && used + size <= kMostText && to.size() < kMostAttributes;
    if (travels && take_plain(value, to)) {
      used += size;
      continue;
    }
    const auto text =
        travels && !type.empty() && !plain && value.nvalues() == 1 ? value_text(value.type(), value.data()) : std::nullopt;
    if (!text) {
      left_behind.push_back(name);
      continue;
    }
    to.set(name, std::string_view(*text));
    types[name] = type;
    used += size + name.size() + type.size();
  }
  if (!types.empty()) to.set(kTypesKey, std::string_view(types.dump()));
}

void give_attributes(const Attributes& from, OIIO::ImageSpec& to) {
  const AttributeValue* listed = from.find(kTypesKey);
  const auto* text = listed == nullptr ? nullptr : std::get_if<std::string>(listed);
  const auto types = text == nullptr ? ordered_json() : ordered_json::parse(*text, nullptr, false);
  for (const Attributes::Entry& entry : from) {
    if (said_elsewhere(entry.key)) continue;
    const auto* value = std::get_if<std::string>(&entry.value);
    const auto type = types.is_object() ? types.find(entry.key) : types.end();
    if (value != nullptr && type != types.end() && type->is_string() &&
        give_typed(to, entry.key, *value, type->get<std::string>())) {
      continue;
    }
    std::visit([&](const auto& plain) { give(to, entry.key, plain); }, entry.value);
  }
}

}  // namespace arraywire::images
