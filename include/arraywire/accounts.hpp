// User accounts of this machine, for streams that several of them share.
#pragma once

#include <string>
#include <vector>

namespace arraywire {

// By name or by number. Whatever asks for accounts throws Error{InvalidArgument} for one that does not exist.
struct Accounts {
  std::vector<std::string> users{};
  std::vector<std::string> groups{};  // all their members
};

}  // namespace arraywire
