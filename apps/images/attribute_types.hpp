// The types of attributes in words, and their values as text.
#pragma once

#include <OpenImageIO/typedesc.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace arraywire::images {

// "int", "float*2" (a pair), "float*16" (a matrix), "uint:timecode[2]", "int*2:box[2]". Empty: a type that has no name.
std::string type_name(OIIO::TypeDesc type);
std::optional<OIIO::TypeDesc> type_named(std::string_view name);

// Numbers that come back exactly, "0.5, 1, inf"; bytes as hexadecimal digits; several strings as a JSON list. Nullopt: pointers,
// or text that is not UTF-8.
std::optional<std::string> value_text(OIIO::TypeDesc type, const void* data);

// The value's bytes; strings are given as pointers that live as long as the process. Nullopt: `text` is no such value.
std::optional<std::vector<std::byte>> value_of(OIIO::TypeDesc type, std::string_view text);

bool is_text(std::string_view bytes) noexcept;  // UTF-8 without zeros, as messages want it

}  // namespace arraywire::images
