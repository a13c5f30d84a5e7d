// The streams of this machine, for people.
#pragma once

#include "arraywire/context.hpp"

#include <string>
#include <vector>

namespace arraywire::consumer {

std::string stream_table(const std::vector<StreamInfo>& streams);  // aligned columns, or "no streams"; ends with a newline
std::string stream_names(const std::vector<StreamInfo>& streams);  // "cam (pid 12), default (pid 30)", or "none"

}  // namespace arraywire::consumer
