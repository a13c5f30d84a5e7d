// What the protocol calls text: UTF-8 without zero bytes, so that every language can read it and C can print it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace arraywire::wire {

bool is_text(std::string_view bytes) noexcept;

// `bytes` cut to `limit` and with '?' for whatever is not text, for what people are told (reasons, names): a path with odd bytes
// must not keep a message from being sent. The result is `bytes` itself or in `scratch`.
std::string_view as_text(std::string_view bytes, std::size_t limit, std::string& scratch);

}  // namespace arraywire::wire
