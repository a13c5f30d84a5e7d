#include "cli/npy_header.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace arraywire::cli {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kLongestHeader = 1 << 20;

// The header's text: one Python dict literal. Only what numpy writes is understood; anything else is an error.
class Literal {
 public:
  explicit Literal(std::string_view text) : rest_(text) {}

  // Skips blanks; true when `wanted` came next and was eaten.
  bool eat(char wanted) {
    skip_blanks();
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char wanted) {
    if (!eat(wanted)) throw NpyError(fmt::format("its header has no '{}' where one belongs", wanted));
  }
  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }
  std::string_view string() {
    skip_blanks();
    const char quote = rest_.empty() ? '\0' : rest_.front();
    const std::size_t end = quote == '\'' || quote == '"' ? rest_.find(quote, 1) : std::string_view::npos;
    if (end == std::string_view::npos) throw NpyError("its header has no string where one belongs");
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    if (text.find('\\') != std::string_view::npos) throw NpyError("its header has an escape in a string");
    return text;
  }
  bool boolean() {
    skip_blanks();
    for (const auto& [word, value] : {std::pair{std::string_view("True"), true}, {std::string_view("False"), false}}) {
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      return value;
    }
    throw NpyError("its fortran_order is neither True nor False");
  }
  std::int64_t extent() {
    skip_blanks();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{} || value < 0) throw NpyError("its shape holds something that is no extent");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    if (rest_.starts_with('L')) rest_.remove_prefix(1);  // Python 2 wrote its longs so
    return value;
  }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

  std::string_view rest_;
};

Extents parse_shape_tuple(Literal& text) {
  std::array<std::int64_t, kMaxRank> extents{};
  std::size_t rank = 0;
  text.expect('(');
  while (!text.eat(')')) {
    if (rank == kMaxRank) throw NpyError(fmt::format("it has more than {} dimensions", kMaxRank));
    extents[rank++] = text.extent();
    if (text.eat(',')) continue;
    text.expect(')');
    if (rank == 1) throw NpyError("its shape is no tuple");
    break;
  }
  return Extents(std::span<const std::int64_t>(extents.data(), rank));
}

DType parse_descr(std::string_view descr) {
  struct Code {
    std::string_view text;
    DType dtype;
  };
  static constexpr Code kCodes[] = {
      {"b1", DType::Bool},    {"u1", DType::UInt8},   {"u2", DType::UInt16},    {"u4", DType::UInt32},     {"u8", DType::UInt64},
      {"i1", DType::Int8},    {"i2", DType::Int16},   {"i4", DType::Int32},     {"i8", DType::Int64},      {"f2", DType::Float16},
      {"f4", DType::Float32}, {"f8", DType::Float64}, {"c8", DType::Complex64}, {"c16", DType::Complex128}};
  const char order = descr.empty() ? '\0' : descr.front();
  const bool has_order = order == '<' || order == '>' || order == '|' || order == '=';
  const std::string_view code = descr.substr(has_order ? 1 : 0);
  for (const Code& known : kCodes) {
    if (known.text != code) continue;
    if (order == '>' && size_bytes(known.dtype) > 1) {
      throw NpyError(fmt::format("it is big-endian ('{}'); save it with .astype(array.dtype.newbyteorder('<'))", descr));
    }
    return known.dtype;
  }
  throw NpyError(fmt::format("its dtype '{}' cannot be sent", descr.substr(0, 40)));
}

struct Fields {
  std::optional<DType> dtype{};
  std::optional<bool> fortran_order{};
  std::optional<Extents> shape{};
};

void parse_field(Literal& text, Fields& fields) {
  const std::string_view key = text.string();
  text.expect(':');
  if (key == "descr" && !fields.dtype) {
    if (text.eat('[')) throw NpyError("it has a structured dtype; save its fields as arrays of their own");
    fields.dtype = parse_descr(text.string());
  } else if (key == "fortran_order" && !fields.fortran_order) {
    fields.fortran_order = text.boolean();
  } else if (key == "shape" && !fields.shape) {
    fields.shape = parse_shape_tuple(text);
  } else {
    throw NpyError(fmt::format("its header has an unknown or repeated key '{}'", key.substr(0, 40)));
  }
}

ArraySpec parse_dict(std::string_view header) {
  Literal text(header);
  Fields fields;
  text.expect('{');
  while (!text.eat('}')) {
    parse_field(text, fields);
    if (text.eat(',')) continue;
    text.expect('}');
    break;
  }
  if (!text.at_end()) throw NpyError("its header goes on after its end");
  if (!fields.dtype || !fields.fortran_order || !fields.shape) throw NpyError("its header lacks descr, fortran_order or shape");
  ArraySpec spec{.dtype = *fields.dtype, .shape = *fields.shape};
  if (!*fields.fortran_order) return spec;
  if (const auto plain = extent_bytes(spec); !plain || *plain == 0) return spec;  // too large is reported by the caller
  ArraySpec strided = spec;
  strided.stride_bytes = fortran_strides(spec.dtype, spec.shape);
  return is_contiguous(strided) ? spec : strided;
}

std::size_t little_endian(std::span<const std::byte> bytes) {
  std::size_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::to_integer<std::size_t>(bytes[i]);
  return value;
}

}  // namespace

Extents fortran_strides(DType dtype, const Extents& shape) {
  Extents strides = shape;
  auto stride = static_cast<std::int64_t>(size_bytes(dtype));
  for (std::size_t i = 0; i < shape.size(); ++i) {
    strides[i] = stride;
    if (__builtin_mul_overflow(stride, shape[i], &stride)) throw NpyError("its shape is too large");
  }
  return strides;
}

NpyHeader parse_npy_header(std::span<const std::byte> start, std::uint64_t file_bytes) {
  constexpr std::size_t kVersionAt = 6;
  constexpr std::size_t kLengthAt = 8;
  const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  if (!text.starts_with(kMagic)) throw NpyError("it is no .npy file");
  if (text.size() < kLengthAt) throw NpyError("it ends within its header");
  const auto major = std::to_integer<int>(start[kVersionAt]);
  if (major < 1 || major > 3) throw NpyError(fmt::format("it is of version {}; versions 1 to 3 are understood", major));
  const std::size_t prefix = kLengthAt + (major == 1 ? 2 : 4);
  if (text.size() < prefix) throw NpyError("it ends within its header");
  const std::size_t length = little_endian(start.subspan(kLengthAt, prefix - kLengthAt));
  if (length > kLongestHeader) throw NpyError("its header is longer than 1 MiB");
  if (text.size() - prefix < length) throw NpyError("it ends within its header");

  const NpyHeader header{.spec = parse_dict(text.substr(prefix, length)), .data_offset = prefix + length};
  const auto extent = extent_bytes(header.spec);
  if (!extent) throw NpyError(std::string("its shape cannot be: ") + std::string(describe(extent.error())));
  if (file_bytes < header.data_offset || file_bytes - header.data_offset < *extent) {
    throw NpyError(fmt::format("it is truncated: {} needs {} bytes and {} are there", to_string(header.spec), *extent,
                               file_bytes - std::min<std::uint64_t>(file_bytes, header.data_offset)));
  }
  return header;
}

std::string format_npy_header(DType dtype, const Extents& shape, bool fortran_order) {
  constexpr std::size_t kAlignment = 64;
  constexpr std::size_t kPrefix = 10;
  constexpr std::array<std::string_view, kDTypeCount> kDescr = {"|b1", "|u1", "<u2", "<u4", "<u8", "|i1", "<i2", "<i4",
                                                                "<i8", "<f2", "|V2", "<f4", "<f8", "<c8", "<c16"};
  std::string extents;
  for (const std::int64_t extent : shape) extents += fmt::format("{}, ", extent);
  if (shape.size() > 1) extents.resize(extents.size() - 2);  // "(3, )" is a tuple as well, "(3)" is none
  std::string dict = fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': ({}), }}",
                                 kDescr[static_cast<std::size_t>(dtype)], fortran_order ? "True" : "False", extents);
  dict.append(kAlignment - 1 - (kPrefix + dict.size()) % kAlignment, ' ');
  dict += '\n';
  std::string header(kMagic);
  header += {'\x01', '\x00', static_cast<char>(dict.size() & 0xff), static_cast<char>(dict.size() >> 8)};
  return header + dict;
}

}  // namespace arraywire::cli
