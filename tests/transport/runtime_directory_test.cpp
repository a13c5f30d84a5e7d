#include "transport/runtime_directory.hpp"

#include "arraywire/error.hpp"
#include "memory/in_child.hpp"
#include "transport/scratch_directory.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace arraywire::transport {
namespace {

namespace fs = std::filesystem;
using arraywire::testing::in_child;
using arraywire::testing::ScratchDirectory;
constexpr uid_t kNobody = 65534;

// What usable_runtime_directory says of it: "" = usable, else the error.
std::string said_of(const fs::path& path, ErrorCode expected = ErrorCode::NotPermitted) {
  try {
    return usable_runtime_directory(path) == path ? "" : "another path";
  } catch (const Error& error) {
    return error.code() == expected ? error.what() : std::string("wrong code: ") + error.what();
  }
}
bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
mode_t mode_of(const fs::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}
void become_nobody() {
  if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) throw std::runtime_error("setuid");
}

TEST(RuntimeDirectories, AreTheGivenOneAlone) {
  EXPECT_EQ(runtime_directories("/somewhere/else/"), std::vector<fs::path>{"/somewhere/else"});
  EXPECT_EQ(runtime_directories("relative"), std::vector<fs::path>{fs::current_path() / "relative"});
}

TEST(RuntimeDirectories, AreThatOfTheEnvironmentElseThreePlacesInOrder) {
  EXPECT_EQ(in_child([]() -> std::string {
              ::setenv("ARRAYWIRE_RUNTIME_DIR", "/from/environment", 1);
              return runtime_directories({}).size() == 1 ? runtime_directories({})[0].string() : "not alone";
            }),
            "/from/environment");
  const std::string uid = std::to_string(::geteuid());
  for (const char* unset : {"", static_cast<const char*>(nullptr)}) {
    EXPECT_EQ(in_child([&]() -> std::string {
                unset == nullptr ? ::unsetenv("ARRAYWIRE_RUNTIME_DIR") : ::setenv("ARRAYWIRE_RUNTIME_DIR", unset, 1);
                std::string all;
                for (const auto& path : runtime_directories({})) all += path.string() + " ";
                return all;
              }),
              "/run/arraywire /run/user/" + uid + "/arraywire /tmp/arraywire-" + uid + " ");
  }
}

TEST(RuntimeDirectory, IsCreatedForItsOwnerAloneWhateverTheUmask) {
  const ScratchDirectory scratch;
  const fs::path path = scratch.path() / "new";
  EXPECT_EQ(in_child([&] {
              ::umask(0777);
              return said_of(path);
            }),
            "");
  EXPECT_EQ(mode_of(path), 0700u);
  EXPECT_EQ(said_of(path), "");  // and used again
}

TEST(RuntimeDirectory, WhoseParentIsMissingIsNotFoundByName) {
  const ScratchDirectory scratch;
  const fs::path path = scratch.path() / "missing" / "new";
  const std::string said = said_of(path, ErrorCode::NotFound);
  EXPECT_TRUE(mentions(said, path.string() + ": No such file")) << said;
  EXPECT_FALSE(fs::exists(scratch.path() / "missing"));
}

TEST(RuntimeDirectory, ThatIsASymlinkIsRefusedByNameEvenWithASlash) {
  const ScratchDirectory scratch;
  const fs::path path = scratch.path() / "link";
  fs::create_directory(scratch.path() / "real");
  fs::create_directory_symlink(scratch.path() / "real", path);
  const std::string said = said_of(path);
  EXPECT_TRUE(mentions(said, path.string() + ": is a symbolic link")) << said;
  EXPECT_THROW(usable_runtime_directory(path.string() + "/"), Error);
  EXPECT_EQ(why_not_trusted(path.string() + "/"), "is a symbolic link");
}

TEST(RuntimeDirectory, ThatIsAFileIsRefusedByName) {
  const ScratchDirectory scratch;
  std::ofstream(scratch.path() / "file") << "x";
  const std::string said = said_of(scratch.path() / "file");
  EXPECT_TRUE(mentions(said, "file: is not a directory")) << said;
}

TEST(RuntimeDirectory, OfSomebodyElseIsRefusedByName) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give a directory away";
  const ScratchDirectory scratch;
  ASSERT_EQ(::chown(scratch.path().c_str(), kNobody, kNobody), 0);
  const std::string said = said_of(scratch.path());
  EXPECT_TRUE(mentions(said, scratch.path().string() + ": belongs to user 65534")) << said;
  EXPECT_NE(why_not_trusted(scratch.path()), "");
}

TEST(RuntimeDirectory, InWhichOthersCanReplaceFilesIsRefusedByName) {
  const ScratchDirectory scratch;
  for (const mode_t mode : {0770u, 0707u, 0777u}) {
    ASSERT_EQ(::chmod(scratch.path().c_str(), mode), 0);
    const std::string said = said_of(scratch.path());
    EXPECT_TRUE(mentions(said, scratch.path().string() + ": is writable by others")) << said;
  }
  ASSERT_EQ(::chmod(scratch.path().c_str(), 01777), 0);
  EXPECT_EQ(said_of(scratch.path()), "");  // sticky: they cannot
}

TEST(RuntimeDirectory, ThatWeMayNotWriteIsRefusedByName) {
  const ScratchDirectory scratch;
  if (::geteuid() == 0) {
    ASSERT_EQ(::chmod(scratch.path().c_str(), 0755), 0);  // root's, and readable by nobody
  } else {
    ASSERT_EQ(::chmod(scratch.path().c_str(), 0500), 0);
  }
  const auto as_nobody = [&](const fs::path& path) {
    return in_child([&] {
      become_nobody();
      return said_of(path);
    });
  };
  EXPECT_TRUE(mentions(as_nobody(scratch.path()), scratch.path().string() + ": is not writable: Permission denied"));
  EXPECT_TRUE(mentions(as_nobody(scratch.path() / "new"), (scratch.path() / "new").string() + ": Permission denied"));
  ::chmod(scratch.path().c_str(), 0700);
}

TEST(RuntimeDirectory, OnAReadOnlyFileSystemIsRefusedByName) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount one";
  const ScratchDirectory scratch;
  const std::string said = in_child([&]() -> std::string {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0) return "skip";
    if (::mount("tmpfs", scratch.path().c_str(), "tmpfs", MS_RDONLY, "mode=0700") != 0) return "skip";
    return said_of(scratch.path()) + "\n" + said_of(scratch.path() / "new");
  });
  if (said == "skip") GTEST_SKIP() << "cannot make a mount namespace here";
  EXPECT_TRUE(mentions(said, scratch.path().string() + ": is not writable: Read-only file system")) << said;
  EXPECT_TRUE(mentions(said, (scratch.path() / "new").string() + ": Read-only file system")) << said;
}

// In a mount namespace with empty /run and /tmp; `prepare` runs as root there, what follows as nobody.
std::string in_empty_system(const std::function<void()>& prepare) {
  return in_child([&]() -> std::string {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0) return "skip";
    if (::mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") != 0 || ::mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777") != 0)
      return "skip";
    ::unsetenv("ARRAYWIRE_RUNTIME_DIR");
    ::umask(0);
    prepare();
    become_nobody();
    try {
      return usable_runtime_directory({}).string();
    } catch (const Error& error) {
      return error.what();
    }
  });
}

TEST(RuntimeDirectory, IsTheFirstUsablePlaceAndAnErrorNamesThemAll) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, for a mount namespace";
  const std::string last = in_empty_system([] {});
  if (last == "skip") GTEST_SKIP() << "cannot make a mount namespace here";
  EXPECT_EQ(last, "/tmp/arraywire-65534");
  const auto make_user_directory = [] {
    fs::create_directories("/run/user/65534");
    [[maybe_unused]] const int given = ::chown("/run/user/65534", kNobody, kNobody);
  };
  EXPECT_EQ(in_empty_system(make_user_directory), "/run/user/65534/arraywire");
  const std::string shared = in_empty_system([&] {
    make_user_directory();
    ::mkdir("/run/arraywire", 01777);
  });
  EXPECT_EQ(shared, "/run/arraywire");
  const std::string none = in_empty_system([] {
    fs::create_directory("/tmp/arraywire-65534");  // a squatter's
    [[maybe_unused]] const int given = ::chown("/tmp/arraywire-65534", 12345, 12345);
  });
  EXPECT_TRUE(mentions(none, "/run/arraywire: Permission denied; /run/user/65534/arraywire: No such file or directory; "))
      << none;
  EXPECT_TRUE(mentions(none, "/tmp/arraywire-65534: belongs to user 12345")) << none;
}

TEST(StreamName, IsLettersDigitsAndThreeSigns) {
  for (const char* good :
       {"a", "7", "cam-1", "A.b_c-D", "x..", "0123456789012345678901234567890123456789012345678901234567890123"})
    EXPECT_TRUE(is_stream_name(good)) << good;
  for (const char* bad : {"", ".", "..", "-a", "_a", "a/b", "../a", "a b", "a\n", "\xc3\xa4",
                          "01234567890123456789012345678901234567890123456789012345678901234"}) {
    EXPECT_FALSE(is_stream_name(bad)) << bad;
  }
  EXPECT_FALSE(is_stream_name(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace arraywire::transport
