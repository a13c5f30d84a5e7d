#include "transport/accounts.hpp"

#include "arraywire/error.hpp"
#include "transport/scratch_directory.hpp"

#include <acl/libacl.h>
#include <gtest/gtest.h>
#include <sys/acl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <memory>

namespace arraywire::transport {
namespace {

using testing::ScratchDirectory;

std::string list_of(const std::filesystem::path& path) {
  const std::unique_ptr<std::remove_pointer_t<acl_t>, int (*)(void*)> list(::acl_get_file(path.c_str(), ACL_TYPE_ACCESS),
                                                                           &::acl_free);
  const std::unique_ptr<char, int (*)(void*)> text(
      ::acl_to_any_text(list.get(), nullptr, ',', TEXT_NUMERIC_IDS | TEXT_ABBREVIATE), &::acl_free);
  return text.get();
}

TEST(Accounts, AreFoundByNameAndByNumber) {
  const auto ids = look_up({.users = {"daemon", "0", "61001", "root"}, .groups = {"daemon", "62001"}});
  EXPECT_EQ(ids.users, (std::vector<uid_t>{0, 1, 61001}));
  EXPECT_EQ(ids.groups, (std::vector<gid_t>{1, 62001}));
  EXPECT_TRUE(look_up({}).empty());
  EXPECT_EQ(name_of_user(1), "daemon");
  EXPECT_EQ(name_of_user(61001), "61001");
}

TEST(Accounts, ThatAreNotThereAreNamed) {
  for (const char* wrong : {"no-such-account", "", "-1", "12x", "99999999999999"}) {
    EXPECT_THROW(look_up({.users = {wrong}}), Error) << wrong;
    EXPECT_THROW(look_up({.groups = {wrong}}), Error) << wrong;
  }
}

TEST(Accounts, IncludeWhoIsNamedAndTheMembersOfGroups) {
  EXPECT_TRUE(includes({.users = {1, 2}}, 2));
  EXPECT_FALSE(includes({.users = {1, 2}}, 3));
  EXPECT_TRUE(includes({.groups = {1}}, 1)) << "daemon's own group";
  EXPECT_FALSE(includes({.groups = {2}}, 1));
  EXPECT_FALSE(includes({.groups = {2}}, 61001)) << "a user that nobody knows";
  EXPECT_FALSE(includes({}, 0));
}

TEST(Grant, ReplacesWhatWasGrantedOrAddsToIt) {
  const ScratchDirectory scratch;
  const auto path = scratch.path() / "file";
  std::ofstream(path) << "x";
  ASSERT_EQ(::chmod(path.c_str(), 0664), 0);
  grant(path, {.users = {61001}, .groups = {62001}}, "rw-", GrantTo::Only);
  EXPECT_EQ(list_of(path), "u::rw-,u:61001:rw-,g::---,g:62001:rw-,m::rw-,o::---");
  grant(path, {.users = {61002}}, "r--", GrantTo::Also);
  EXPECT_EQ(list_of(path), "u::rw-,u:61001:rw-,u:61002:r--,g::---,g:62001:rw-,m::rw-,o::---");
  grant(path, {.users = {61001}}, "r--", GrantTo::Also);
  EXPECT_EQ(list_of(path), "u::rw-,u:61001:r--,u:61002:r--,g::---,g:62001:rw-,m::rw-,o::---");
  grant(path, {.users = {61003}}, "r--", GrantTo::Only);
  EXPECT_EQ(list_of(path), "u::rw-,u:61003:r--,g::---,m::r--,o::---");
}

TEST(Grant, OfWhatIsNotThereNamesIt) {
  const ScratchDirectory scratch;
  try {
    grant(scratch.path() / "gone", {.users = {1}}, "r--", GrantTo::Only);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("gone: letting other accounts in: lstat: No such file"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace arraywire::transport
