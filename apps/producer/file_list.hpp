// The files that a source names.
#pragma once

#include <string>
#include <vector>

namespace arraywire::producer {

// A path, or what matches a glob, in the order of their names. A file of exactly this name wins, whatever characters are in it;
// one that is missing is found out when it is opened. Throws Failure when nothing matches.
std::vector<std::string> expand(const std::string& pattern);

// Several of them, separated by commas, in the order given.
std::vector<std::string> expand_list(const std::string& patterns);

}  // namespace arraywire::producer
