// Other users: looked up, believed, let in.
#pragma once

#include "arraywire/accounts.hpp"
#include "memory/account_ids.hpp"

#include <filesystem>
#include <string>

namespace arraywire::transport {

memory::AccountIds look_up(const Accounts& accounts);  // throws Error
// Whether a user is one of these, or a member of one of the groups.
bool includes(const memory::AccountIds& accounts, uid_t user);
std::string name_of_user(uid_t user);  // its number, if it has no name

// Lets them do what `permissions` ("r-x") says with a file or directory of ours, by its access control list. Whoever else could
// do something with it by name before no longer can, nor its group or others: but with `also`, all of them still can. Throws
// Error naming the path.
enum class GrantTo : unsigned char { Only, Also };
void grant(const std::filesystem::path& path, const memory::AccountIds& accounts, const char* permissions, GrantTo to);

}  // namespace arraywire::transport
