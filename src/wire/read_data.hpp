// A verified Data body to a value: sizes are checked here, once, before anything else sees them. For the decoder only.
#pragma once

#include "wire/decoder.hpp"
#include "wire/read_metadata.hpp"

#include <optional>

namespace arraywire::wire {

// What is wrong with it: BadSpec or BadField. `out` is overwritten whole, keeping its memory.
std::optional<WireError> read_data(const proto::Data& from, FieldReader& fields, Data& out);

}  // namespace arraywire::wire
