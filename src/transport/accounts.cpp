#include "transport/accounts.hpp"

#include "arraywire/error.hpp"

#include <acl/libacl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/acl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

namespace arraywire::transport {
namespace {

template <class Number> std::optional<Number> to_number(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Of getpwnam_r and its like: they want room for everything that an entry says, and a group may have many members.
template <class Entry, class Call> std::optional<Entry> look(Call call, std::vector<char>& room) {
  for (room.resize(1024);; room.resize(room.size() * 4)) {
    Entry entry{};
    Entry* found = nullptr;
    const int error = call(&entry, room.data(), room.size(), &found);
    if (error != ERANGE) return error == 0 && found != nullptr ? std::optional(entry) : std::nullopt;
  }
}

std::optional<passwd> look_up_user(uid_t user, std::vector<char>& room) {
  return look<passwd>([&](auto... rest) { return ::getpwuid_r(user, rest...); }, room);
}

uid_t user_id(const std::string& user) {
  std::vector<char> room;
  if (const auto entry = look<passwd>([&](auto... rest) { return ::getpwnam_r(user.c_str(), rest...); }, room))
    return entry->pw_uid;
  if (const auto number = to_number<uid_t>(user)) return *number;
  throw Error(ErrorCode::InvalidArgument, "there is no user '" + user + "'");
}

gid_t group_id(const std::string& name) {
  std::vector<char> room;
  if (const auto entry = look<group>([&](auto... rest) { return ::getgrnam_r(name.c_str(), rest...); }, room))
    return entry->gr_gid;
  if (const auto number = to_number<gid_t>(name)) return *number;
  throw Error(ErrorCode::InvalidArgument, "there is no group '" + name + "'");
}

std::vector<gid_t> groups_of(uid_t user) {
  std::vector<char> room;
  const auto entry = look_up_user(user, room);
  if (!entry) return {};
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  while (::getgrouplist(entry->pw_name, entry->pw_gid, groups.data(), &count) < 0) groups.resize(static_cast<std::size_t>(count));
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

// ---- access control lists

using Acl = std::unique_ptr<std::remove_pointer_t<acl_t>, int (*)(void*)>;

[[noreturn]] void throw_system(const std::filesystem::path& path, const char* step) {
  throw Error(errno == EPERM || errno == EACCES ? ErrorCode::NotPermitted : ErrorCode::System,
              path.string() + ": letting other accounts in: " + step + ": " + std::strerror(errno));
}

std::string entries(const memory::AccountIds& accounts, const char* permissions) {
  std::string text;
  for (const uid_t user : accounts.users) text += "u:" + std::to_string(user) + ":" + permissions + "\n";
  for (const gid_t group : accounts.groups) text += "g:" + std::to_string(group) + ":" + permissions + "\n";
  return text;
}

// What somebody may do already is replaced by what is granted now.
std::string merged(const char* present, const std::string& granted) {
  std::string all;
  for (const char* line = present; *line != '\0';) {
    const std::size_t length = std::strcspn(line, "\n");
    const std::string entry(line, length);
    const bool again = granted.find(entry.substr(0, entry.rfind(':') + 1)) != std::string::npos;
    if (!again && !entry.starts_with("m")) all += entry + "\n";
    line += length + (line[length] == '\n' ? 1 : 0);
  }
  return all + granted;
}

}  // namespace

memory::AccountIds look_up(const Accounts& accounts) {
  memory::AccountIds ids;
  for (const std::string& user : accounts.users) ids.users.push_back(user_id(user));
  for (const std::string& group : accounts.groups) ids.groups.push_back(group_id(group));
  std::sort(ids.users.begin(), ids.users.end());
  ids.users.erase(std::unique(ids.users.begin(), ids.users.end()), ids.users.end());
  std::sort(ids.groups.begin(), ids.groups.end());
  ids.groups.erase(std::unique(ids.groups.begin(), ids.groups.end()), ids.groups.end());
  return ids;
}

bool includes(const memory::AccountIds& accounts, uid_t user) {
  if (std::find(accounts.users.begin(), accounts.users.end(), user) != accounts.users.end()) return true;
  if (accounts.groups.empty()) return false;
  const std::vector<gid_t> groups = groups_of(user);
  return std::find_first_of(groups.begin(), groups.end(), accounts.groups.begin(), accounts.groups.end()) != groups.end();
}

std::string name_of_user(uid_t user) {
  std::vector<char> room;
  const auto entry = look_up_user(user, room);
  return entry ? entry->pw_name : std::to_string(user);
}

void grant(const std::filesystem::path& path, const memory::AccountIds& accounts, const char* permissions, GrantTo to) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw_system(path, "lstat");
  const Acl present(to == GrantTo::Also ? ::acl_get_file(path.c_str(), ACL_TYPE_ACCESS) : ::acl_from_mode(status.st_mode & 0700),
                    &::acl_free);
  if (!present) throw_system(path, "acl_get_file");
  const std::unique_ptr<char, int (*)(void*)> text(
      ::acl_to_any_text(present.get(), nullptr, '\n', TEXT_NUMERIC_IDS | TEXT_ABBREVIATE), &::acl_free);
  if (!text) throw_system(path, "acl_to_any_text");
  acl_t wanted = ::acl_from_text(merged(text.get(), entries(accounts, permissions)).c_str());
  if (wanted == nullptr || ::acl_calc_mask(&wanted) != 0) throw_system(path, "acl_from_text");
  const Acl list(wanted, &::acl_free);
  if (::acl_set_file(path.c_str(), ACL_TYPE_ACCESS, list.get()) != 0) throw_system(path, "acl_set_file");
}

}  // namespace arraywire::transport
