#include "transport/stream_folder.hpp"
#include "sanitized.hpp"

#include "arraywire/error.hpp"
#include "memory/in_child.hpp"
#include "transport/scratch_directory.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <set>
#include <string>
#include <thread>

namespace arraywire::transport {
namespace {

namespace fs = std::filesystem;
using namespace arraywire::testing;

// The error of a StreamFolder that must not be had.
std::string refused(const fs::path& directory, const std::string& stream, ErrorCode expected) {
  try {
    const StreamFolder folder(directory, stream);
    return "no error";
  } catch (const Error& error) {
    return error.code() == expected ? error.what() : std::string("wrong code: ") + error.what();
  }
}
bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
void touch(const fs::path& file) { std::ofstream(file) << "x"; }

TEST(StreamFolder, HoldsItsNameUntilItGoes) {
  const ScratchDirectory scratch;
  EXPECT_FALSE(is_served(scratch.path() / "cam"));
  {
    const StreamFolder folder(scratch.path(), "cam");
    EXPECT_EQ(folder.path(), scratch.path() / "cam");
    EXPECT_EQ(folder.data_endpoint(), "ipc://" + (scratch.path() / "cam/data.sock").string());
    EXPECT_TRUE(is_served(folder.path()));
  }
  EXPECT_FALSE(is_served(scratch.path() / "cam"));
  const StreamFolder again(scratch.path(), "cam");
  EXPECT_TRUE(is_served(again.path()));
}

TEST(StreamFolder, IsForItsOwnerAloneWhateverTheUmask) {
  const ScratchDirectory scratch;
  EXPECT_EQ(in_child([&] {
              ::umask(0777);
              const StreamFolder folder(scratch.path(), "cam");
              return std::string();
            }),
            "");
  struct stat status {};
  ASSERT_EQ(::stat((scratch.path() / "cam").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
  ASSERT_EQ(::stat((scratch.path() / "cam/lock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST(StreamFolder, RefusesASecondPublisherNamingTheFirstAndLeavesItAlone) {
  const ScratchDirectory scratch;
  const StreamFolder first(scratch.path(), "cam");
  touch(first.path() / "data.sock");
  touch(first.path() / "slots.sock");
  const std::string said = refused(scratch.path(), "cam", ErrorCode::InUse);
  EXPECT_TRUE(mentions(said, "'cam'") && mentions(said, first.path().string())) << said;
  EXPECT_TRUE(mentions(said, "process " + std::to_string(::getpid()) + " ")) << said;
  EXPECT_TRUE(is_served(first.path()));
  EXPECT_TRUE(fs::exists(first.path() / "data.sock"));
  EXPECT_TRUE(fs::exists(first.path() / "slots.sock"));
}

TEST(StreamFolder, RemovesItsSocketsWhenItGoesButNeverTheLockFile) {
  const ScratchDirectory scratch;
  const fs::path lock = scratch.path() / "cam/lock";
  struct stat first {
  }, second{};
  {
    const StreamFolder folder(scratch.path(), "cam");
    touch(folder.path() / "data.sock");
    touch(folder.path() / "slots.sock");
    ASSERT_EQ(::stat(lock.c_str(), &first), 0);
  }
  EXPECT_FALSE(fs::exists(scratch.path() / "cam/data.sock"));
  EXPECT_FALSE(fs::exists(scratch.path() / "cam/slots.sock"));
  { const StreamFolder again(scratch.path(), "cam"); }
  ASSERT_EQ(::stat(lock.c_str(), &second), 0);
  EXPECT_EQ(first.st_ino, second.st_ino);
}

TEST(StreamFolder, RefusesNamesThatAreNone) {
  const ScratchDirectory scratch;
  for (const char* name : {"", "..", "a/b", "-x"}) {
    EXPECT_TRUE(mentions(refused(scratch.path(), name, ErrorCode::InvalidArgument), "stream name '" + std::string(name) + "'"));
  }
  EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST(StreamFolder, RefusesAPathTooLongForASocketByName) {
  const ScratchDirectory scratch;
  const std::size_t room = 107 - scratch.path().string().size() - std::string("//cam/slots.sock").size();
  const fs::path longest = scratch.path() / std::string(room, 'd'), beyond = scratch.path() / std::string(room + 1, 'd');
  fs::create_directory(longest);
  fs::create_directory(beyond);
  EXPECT_EQ(refused(longest, "cam", ErrorCode::InvalidArgument), "no error");
  const std::string said = refused(beyond, "cam", ErrorCode::InvalidArgument);
  EXPECT_TRUE(mentions(said, (beyond / "cam/slots.sock").string()) && mentions(said, "107")) << said;
  EXPECT_TRUE(fs::is_empty(beyond));
}

TEST(StreamFolder, RefusesAFolderThatIsASymlinkOrSomebodyElsesByName) {
  const ScratchDirectory scratch;
  fs::create_directory(scratch.path() / "real");
  fs::create_directory_symlink(scratch.path() / "real", scratch.path() / "cam");
  EXPECT_TRUE(mentions(refused(scratch.path(), "cam", ErrorCode::NotPermitted),
                       (scratch.path() / "cam").string() + ": is a symbolic link"));
  if (::geteuid() != 0) GTEST_SKIP() << "the rest needs root, to give a folder away";
  ASSERT_EQ(::chown((scratch.path() / "real").c_str(), 65534, 65534), 0);
  EXPECT_TRUE(
      mentions(refused(scratch.path(), "real", ErrorCode::NotPermitted), (scratch.path() / "real").string() + ": belongs to"));
}

TEST(StreamFolder, RefusesALockFileThatIsNoneByNameAndDoesNotHang) {
  const ScratchDirectory scratch;
  for (const char* stream : {"link", "fifo", "directory"}) fs::create_directory(scratch.path() / stream);
  touch(scratch.path() / "target");
  fs::create_symlink(scratch.path() / "target", scratch.path() / "link/lock");
  ASSERT_EQ(::mkfifo((scratch.path() / "fifo/lock").c_str(), 0600), 0);
  fs::create_directory(scratch.path() / "directory/lock");
  EXPECT_TRUE(mentions(refused(scratch.path(), "link", ErrorCode::NotPermitted), (scratch.path() / "link/lock").string()));
  EXPECT_TRUE(mentions(refused(scratch.path(), "fifo", ErrorCode::System), "fifo/lock: is not a regular file"));
  EXPECT_TRUE(mentions(refused(scratch.path(), "directory", ErrorCode::System), "directory/lock: open"));
  for (const char* stream : {"link", "fifo", "directory"}) EXPECT_FALSE(is_served(scratch.path() / stream));
}

TEST(StreamFolder, ThatCannotBeMadeIsAnErrorThatNamesIt) {
  const ScratchDirectory scratch;
  EXPECT_TRUE(mentions(refused(scratch.path() / "missing", "cam", ErrorCode::System), (scratch.path() / "missing/cam").string()));
}

TEST(StreamFolder, LeavesNoDescriptorAndNoThreadBehind) {
  const ScratchDirectory scratch;
  const auto threads = [] { return std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator()); };
  { const StreamFolder warm(scratch.path(), "cam"); }
  const std::size_t descriptors = open_descriptors();
  const auto before = threads();
  for (int i = 0; i < 50; ++i) {
    const StreamFolder folder(scratch.path(), "cam");
    EXPECT_EQ(refused(scratch.path(), "cam", ErrorCode::InUse).rfind("stream", 0), 0u);
  }
  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_EQ(threads(), before);
}

// Its thread has no descriptors of the process: a handler that writes to one must not run there.
TEST(StreamFolder, ItsThreadTakesNoSignals) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer may start a thread of its own";
  const ScratchDirectory scratch;
  const auto tasks = [] {
    std::set<std::string> ids;
    for (const auto& task : fs::directory_iterator("/proc/self/task")) ids.insert(task.path().filename().string());
    return ids;
  };
  const auto before = tasks();
  const StreamFolder folder(scratch.path(), "cam");
  std::size_t added = 0;
  for (const std::string& task : tasks()) {
    if (before.contains(task)) continue;
    ++added;
    std::ifstream status("/proc/self/task/" + task + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.rfind("SigBlk:", 0) != 0) continue;
      const std::uint64_t blocked = std::stoull(line.substr(8), nullptr, 16);
      for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGCHLD})
        EXPECT_NE(blocked & (std::uint64_t{1} << (signal - 1)), 0u) << signal;
    }
  }
  EXPECT_EQ(added, 1u);
}

TEST(Discovery, AskingNeverTakesTheLock) {
  const ScratchDirectory scratch;
  std::atomic<bool> finished{false};
  std::vector<std::thread> askers;
  for (int i = 0; i < 3; ++i) {
    askers.emplace_back([&] {
      while (!finished) {
        is_served(scratch.path() / "cam");
        list_served({scratch.path()});
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    const StreamFolder folder(scratch.path(), "cam");  // throws InUse if asking ever took the lock
    EXPECT_TRUE(is_served(folder.path()));
  }
  finished = true;
  for (auto& asker : askers) asker.join();
}

TEST(Discovery, ReadsInfoWholeWhileItIsRewritten) {
  const ScratchDirectory scratch;
  StreamFolder folder(scratch.path(), "cam");
  std::atomic<bool> finished{false};
  std::thread reader([&] {
    while (!finished) {
      const auto found = list_served({scratch.path()});
      ASSERT_EQ(found.size(), 1u);
      for (const std::string& endpoint : found[0].info.endpoints) ASSERT_EQ(endpoint.size(), found[0].info.consumers);
    }
  });
  for (std::uint32_t i = 1; i < 3000; ++i) {
    const std::uint32_t size = i % 50 + 10;
    folder.write_info({.endpoints = std::vector<std::string>(40, std::string(size, 'e')), .consumers = size});
  }
  finished = true;
  reader.join();
}

TEST(Discovery, SaysWhoServes) {
  const ScratchDirectory scratch;
  StreamFolder folder(scratch.path(), "cam");
  const auto at_once = list_served({scratch.path()});
  ASSERT_EQ(at_once.size(), 1u);
  EXPECT_EQ(at_once[0].info.pid, ::getpid());
  EXPECT_FALSE(at_once[0].info.user.empty());
  folder.write_info({.endpoints = {folder.data_endpoint(), "tcp://127.0.0.1:9"}, .consumers = 2});
  const auto found = list_served({scratch.path()});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].name, "cam");
  EXPECT_EQ(found[0].folder, folder.path());
  EXPECT_EQ(found[0].info.pid, ::getpid());
  EXPECT_EQ(found[0].info.endpoints, (std::vector<std::string>{folder.data_endpoint(), "tcp://127.0.0.1:9"}));
  EXPECT_EQ(found[0].info.consumers, 2u);
}

TEST(Discovery, FindsTheFirstDirectoryThatServesIt) {
  const ScratchDirectory one, two, three;
  fs::create_directory(one.path() / "cam");  // a stale one
  touch(one.path() / "cam/lock");
  const StreamFolder second(two.path(), "cam"), third(three.path(), "cam"), other(three.path(), "other");
  EXPECT_EQ(find_served({one.path(), two.path(), three.path()}, "cam"), second.path());
  EXPECT_EQ(find_served({three.path(), two.path()}, "cam"), third.path());
  EXPECT_EQ(find_served({one.path()}, "cam"), std::nullopt);
  EXPECT_EQ(find_served({one.path(), "/nowhere"}, "other"), std::nullopt);
  EXPECT_EQ(find_served({two.path()}, "../" + three.path().filename().string() + "/cam"), std::nullopt);
  const auto all = list_served({"/nowhere", one.path(), three.path(), two.path()});
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].folder, third.path());
  EXPECT_EQ(all[1].folder, other.path());
  EXPECT_EQ(all[2].folder, second.path());
}

TEST(Discovery, PassesOverDirectoriesAndFoldersThatAreNotToBeTrusted) {
  const ScratchDirectory scratch;
  fs::create_directory(scratch.path() / "real");
  fs::create_directory_symlink(scratch.path() / "real", scratch.path() / "link");
  const StreamFolder folder(scratch.path() / "real", "cam");
  fs::create_directory_symlink(folder.path(), scratch.path() / "real/alias");
  EXPECT_EQ(find_served({scratch.path() / "link"}, "cam"), std::nullopt);
  EXPECT_TRUE(list_served({scratch.path() / "link"}).empty());
  EXPECT_EQ(find_served({scratch.path() / "real"}, "alias"), std::nullopt);
  EXPECT_EQ(list_served({scratch.path() / "real"}).size(), 1u);
}

TEST(Discovery, DoesNotBelieveALockFile) {
  const ScratchDirectory scratch;
  const StreamFolder folder(scratch.path(), "cam");
  std::ofstream(folder.path() / "lock") << "pid 1\nuser \x1b[31mroot\nendpoint tcp://evil\n";
  const auto found = list_served({scratch.path()});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].info.pid, 0);
  EXPECT_TRUE(found[0].info.endpoints.empty());
  EXPECT_TRUE(mentions(refused(scratch.path(), "cam", ErrorCode::InUse), "another process"));
}

}  // namespace
}  // namespace arraywire::transport
