#include "images/attribute_types.hpp"

#include <OpenImageIO/ustring.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <charconv>
#include <cstring>
#include <utility>

namespace arraywire::images {
namespace {

using OIIO::TypeDesc;

constexpr std::array<std::pair<TypeDesc::VECSEMANTICS, std::string_view>, 8> kMeanings = {{{TypeDesc::COLOR, "color"},
                                                                                           {TypeDesc::POINT, "point"},
                                                                                           {TypeDesc::VECTOR, "vector"},
                                                                                           {TypeDesc::NORMAL, "normal"},
                                                                                           {TypeDesc::TIMECODE, "timecode"},
                                                                                           {TypeDesc::KEYCODE, "keycode"},
                                                                                           {TypeDesc::RATIONAL, "rational"},
                                                                                           {TypeDesc::BOX, "box"}}};
constexpr std::array<std::pair<TypeDesc::BASETYPE, std::string_view>, 11> kBases = {{{TypeDesc::UINT8, "uint8"},
                                                                                     {TypeDesc::INT8, "int8"},
                                                                                     {TypeDesc::UINT16, "uint16"},
                                                                                     {TypeDesc::INT16, "int16"},
                                                                                     {TypeDesc::UINT32, "uint"},
                                                                                     {TypeDesc::INT32, "int"},
                                                                                     {TypeDesc::UINT64, "uint64"},
                                                                                     {TypeDesc::INT64, "int64"},
                                                                                     {TypeDesc::FLOAT, "float"},
                                                                                     {TypeDesc::DOUBLE, "double"},
                                                                                     {TypeDesc::STRING, "string"}}};
constexpr std::array<TypeDesc::AGGREGATE, 5> kAggregates = {TypeDesc::VEC2, TypeDesc::VEC3, TypeDesc::VEC4, TypeDesc::MATRIX33,
                                                            TypeDesc::MATRIX44};

template <class T> std::optional<T> parse(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Calls `use` with a value of the C++ type behind `base`; false for what is no number.
template <class Use> bool with_number_type(unsigned char base, Use&& use) {
  switch (base) {
    case TypeDesc::UINT8: use(std::uint8_t{}); return true;
    case TypeDesc::INT8: use(std::int8_t{}); return true;
    case TypeDesc::UINT16: use(std::uint16_t{}); return true;
    case TypeDesc::INT16: use(std::int16_t{}); return true;
    case TypeDesc::UINT32: use(std::uint32_t{}); return true;
    case TypeDesc::INT32: use(std::int32_t{}); return true;
    case TypeDesc::UINT64: use(std::uint64_t{}); return true;
    case TypeDesc::INT64: use(std::int64_t{}); return true;
    case TypeDesc::FLOAT: use(float{}); return true;
    case TypeDesc::DOUBLE: use(double{}); return true;
    default: return false;
  }
}

template <class T> std::string numbers_text(const T* values, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) fmt::format_to(std::back_inserter(text), "{}{}", i == 0 ? "" : ", ", values[i]);
  return text;
}

template <class T> bool parse_numbers(std::string_view text, std::vector<std::byte>& bytes) {
  while (true) {
    const std::size_t comma = text.find(',');
    const auto value = parse<T>(text.substr(0, comma));
    if (!value) return false;
    const auto* first = reinterpret_cast<const std::byte*>(&*value);
    bytes.insert(bytes.end(), first, first + sizeof(T));
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
}

bool is_blob(TypeDesc type) { return type.basetype == TypeDesc::UINT8 && type.numelements() > 1; }

std::string hexadecimal(const std::uint8_t* bytes, std::size_t count) {
  std::string text;
  text.reserve(2 * count);
  for (std::size_t i = 0; i < count; ++i) fmt::format_to(std::back_inserter(text), "{:02x}", bytes[i]);
  return text;
}

bool parse_hexadecimal(std::string_view text, std::vector<std::byte>& bytes) {
  if (text.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    if (error != std::errc{} || end != text.data() + i + 2) return false;
    bytes.push_back(static_cast<std::byte>(value));
  }
  return true;
}

std::optional<std::string> strings_text(const OIIO::ustring* strings, std::size_t count) {
  auto list = nlohmann::json::array();
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_text(strings[i].string())) return std::nullopt;
    list.push_back(strings[i].string());
  }
  return list.dump();
}

bool parse_strings(std::string_view text, std::vector<std::byte>& bytes) {
  const auto list = nlohmann::json::parse(text, nullptr, false);
  if (!list.is_array()) return false;
  for (const auto& entry : list) {
    if (!entry.is_string()) return false;
    const OIIO::ustring string(entry.get_ref<const std::string&>());
    const auto* first = reinterpret_cast<const std::byte*>(&string);
    bytes.insert(bytes.end(), first, first + sizeof string);
  }
  return true;
}

}  // namespace

std::string type_name(TypeDesc type) {
  std::string text;
  for (const auto& [base, name] : kBases) {
    if (type.basetype == base) text = name;
  }
  if (text.empty() || type.arraylen < 0) return {};
  if (type.aggregate != TypeDesc::SCALAR) text += fmt::format("*{}", int{type.aggregate});
  for (const auto& [meaning, name] : kMeanings) {
    if (type.vecsemantics == meaning && !name.empty()) text += fmt::format(":{}", name);
  }
  return type.arraylen > 0 ? text + fmt::format("[{}]", type.arraylen) : text;
}

std::optional<TypeDesc> type_named(std::string_view name) {
  TypeDesc type;
  if (name.ends_with(']')) {
    const std::size_t bracket = name.find('[');
    if (bracket == std::string_view::npos) return std::nullopt;
    const auto length = parse<int>(name.substr(bracket + 1, name.size() - bracket - 2));
    if (!length || *length < 1) return std::nullopt;
    type.arraylen = *length;
    name = name.substr(0, bracket);
  }
  if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
    for (const auto& [meaning, known] : kMeanings) {
      if (known == name.substr(colon + 1)) type.vecsemantics = meaning;
    }
    name = name.substr(0, colon);
  }
  if (const std::size_t star = name.find('*'); star != std::string_view::npos) {
    const auto size = parse<int>(name.substr(star + 1));
    for (const TypeDesc::AGGREGATE known : kAggregates) {
      if (size && *size == known) type.aggregate = known;
    }
    name = name.substr(0, star);
  }
  for (const auto& [base, known] : kBases) {
    if (known == name) type.basetype = base;
  }
  if (type.basetype == TypeDesc::UNKNOWN) return std::nullopt;
  return type;
}

std::optional<std::string> value_text(TypeDesc type, const void* data) {
  const std::size_t count = type.basevalues();
  if (is_blob(type)) return hexadecimal(static_cast<const std::uint8_t*>(data), count);
  if (type.basetype == TypeDesc::STRING) return strings_text(static_cast<const OIIO::ustring*>(data), count);
  std::optional<std::string> text;
  with_number_type(type.basetype, [&](auto zero) { text = numbers_text(static_cast<const decltype(zero)*>(data), count); });
  return text;
}

std::optional<std::vector<std::byte>> value_of(TypeDesc type, std::string_view text) {
  std::vector<std::byte> bytes;
  bool valid = false;
  if (is_blob(type)) {
    valid = parse_hexadecimal(text, bytes);
  } else if (type.basetype == TypeDesc::STRING) {
    valid = parse_strings(text, bytes);
  } else {
    with_number_type(type.basetype, [&](auto zero) { valid = parse_numbers<decltype(zero)>(text, bytes); });
  }
  // The type may come from a peer: it is believed only where the text is as long as it says.
  if (!valid || bytes.size() / type.basesize() != static_cast<std::size_t>(type.aggregate) * type.numelements())
    return std::nullopt;
  return bytes;
}

bool is_text(std::string_view bytes) noexcept {
  constexpr std::array<std::uint32_t, 4> kLeast = {0x1, 0x80, 0x800, 0x10000};
  for (std::size_t at = 0; at < bytes.size();) {
    const auto lead = static_cast<std::uint8_t>(bytes[at]);
    const std::size_t more = lead < 0x80 ? 0 : lead < 0xc0 ? 4 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf8 ? 3 : 4;
    if (more == 4 || at + more >= bytes.size()) return false;
    std::uint32_t code = more == 0 ? lead : lead & (0x3fU >> more);
    for (std::size_t i = 1; i <= more; ++i) {
      const auto next = static_cast<std::uint8_t>(bytes[at + i]);
      if ((next & 0xc0U) != 0x80) return false;
      code = code << 6U | (next & 0x3fU);
    }
    if (code < kLeast[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    at += more + 1;
  }
  return true;
}

}  // namespace arraywire::images
