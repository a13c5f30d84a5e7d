// Who still holds a name when processes die, fork and exec. Publishers here are processes of their own, killed for real.
#include "arraywire/error.hpp"
#include "memory/in_child.hpp"
#include "transport/scratch_directory.hpp"
#include "transport/stream_folder.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <functional>
#include <memory>

namespace arraywire::transport {
namespace {

namespace fs = std::filesystem;
using namespace arraywire::testing;

// A process that publishes "cam", does `then`, tells us what that returned, and stays.
class Publisher {
 public:
  Publisher(const fs::path& directory, const std::function<pid_t(std::unique_ptr<StreamFolder>&)>& then) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      auto folder = std::make_unique<StreamFolder>(directory, "cam");
      for (const char* socket : {"data.sock", "slots.sock"}) std::ofstream(folder->path() / socket) << "x";
      const pid_t said = then(folder);
      if (::write(ends[1], &said, sizeof said) != sizeof said) ::_exit(1);
      for (;;) ::pause();
    }
    ::close(ends[1]);
    ready_ = ::read(ends[0], &said_, sizeof said_) == sizeof said_;
    ::close(ends[0]);
  }
  ~Publisher() {
    kill();
    if (said_ > 0) ::kill(said_, SIGKILL);
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  bool ready() const { return ready_; }
  pid_t said() const { return said_; }

 private:
  pid_t pid_ = 0;
  pid_t said_ = 0;
  bool ready_ = false;
};
pid_t nothing(std::unique_ptr<StreamFolder>&) { return 0; }

void expect_taken_over(const fs::path& directory) {
  EXPECT_FALSE(is_served(directory / "cam"));
  const StreamFolder successor(directory, "cam");
  EXPECT_TRUE(is_served(successor.path()));
  EXPECT_FALSE(fs::exists(successor.path() / "data.sock"));
  EXPECT_FALSE(fs::exists(successor.path() / "slots.sock"));
}

TEST(StreamFolderOfAKilledPublisher, IsTakenOverAtOnce) {
  const ScratchDirectory scratch;
  for (int i = 0; i < 20; ++i) {
    Publisher publisher(scratch.path(), nothing);
    ASSERT_TRUE(publisher.ready());
    EXPECT_TRUE(is_served(scratch.path() / "cam"));
    publisher.kill();
    EXPECT_TRUE(fs::exists(scratch.path() / "cam/data.sock"));
    expect_taken_over(scratch.path());
  }
}

TEST(StreamFolderOfAKilledPublisher, IsNotKeptByAForkedChildThatLives) {
  const ScratchDirectory scratch;
  Publisher publisher(scratch.path(), [](std::unique_ptr<StreamFolder>&) -> pid_t {
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) ::pause();
    }
    return child;
  });
  ASSERT_TRUE(publisher.ready());
  publisher.kill();
  ASSERT_EQ(::kill(publisher.said(), 0), 0);  // it lives
  expect_taken_over(scratch.path());
}

TEST(StreamFolderOfAKilledPublisher, IsNotKeptByAProgramItStarted) {
  const ScratchDirectory scratch;
  Publisher publisher(scratch.path(), [](std::unique_ptr<StreamFolder>&) -> pid_t {
    const pid_t child = ::fork();
    if (child == 0) {
      ::execlp("sleep", "sleep", "600", nullptr);
      ::_exit(127);
    }
    return child;
  });
  ASSERT_TRUE(publisher.ready());
  publisher.kill();
  ASSERT_EQ(::kill(publisher.said(), 0), 0);
  expect_taken_over(scratch.path());
}

TEST(StreamFolderOfALivingPublisher, IsRefusedToAnotherProcessByThePublishersPid) {
  const ScratchDirectory scratch;
  Publisher publisher(scratch.path(), [](std::unique_ptr<StreamFolder>&) { return ::getpid(); });
  ASSERT_TRUE(publisher.ready());
  try {
    const StreamFolder second(scratch.path(), "cam");
    FAIL() << "two publishers of one name";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::InUse);
    EXPECT_NE(std::string(error.what()).find("process " + std::to_string(publisher.said()) + " "), std::string::npos)
        << error.what();
  }
  EXPECT_TRUE(is_served(scratch.path() / "cam"));
  EXPECT_TRUE(fs::exists(scratch.path() / "cam/data.sock"));
}

TEST(StreamFolderOfAStoppedPublisher, StaysItsOwn) {
  const ScratchDirectory scratch;
  Publisher publisher(scratch.path(), [](std::unique_ptr<StreamFolder>&) { return ::getpid(); });
  ASSERT_TRUE(publisher.ready());
  ASSERT_EQ(::kill(publisher.said(), SIGSTOP), 0);
  EXPECT_TRUE(is_served(scratch.path() / "cam"));
  EXPECT_THROW(StreamFolder(scratch.path(), "cam"), Error);
}

TEST(StreamFolderInAForkedChild, ReleasesNothingOfItsParents) {
  const ScratchDirectory scratch;
  Publisher publisher(scratch.path(), [](std::unique_ptr<StreamFolder>& folder) -> pid_t {
    const pid_t child = ::fork();
    if (child == 0) {
      folder->write_info({.consumers = 77});
      folder.reset();
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
  });
  ASSERT_TRUE(publisher.ready());
  EXPECT_EQ(publisher.said(), 0);
  EXPECT_TRUE(is_served(scratch.path() / "cam"));
  EXPECT_TRUE(fs::exists(scratch.path() / "cam/data.sock"));
  EXPECT_EQ(list_served({scratch.path()}).at(0).info.consumers, 0u);
}

// Where containers have their files, a mapping of the lock file would not do.
TEST(StreamFolderOnOverlayfs, IsHeldAndTakenOverAsElsewhere) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount one";
  const ScratchDirectory scratch;
  const std::string base = scratch.path().string();
  if (::mount("tmpfs", base.c_str(), "tmpfs", 0, nullptr) != 0) GTEST_SKIP() << "cannot mount here";
  for (const char* name : {"/lower", "/upper", "/work", "/merged"}) fs::create_directory(base + name);
  const std::string options = "lowerdir=" + base + "/lower,upperdir=" + base + "/upper,workdir=" + base + "/work";
  const bool mounted = ::mount("overlay", (base + "/merged").c_str(), "overlay", 0, options.c_str()) == 0;
  if (mounted) {
    Publisher publisher(base + "/merged", nothing);
    EXPECT_TRUE(publisher.ready());
    EXPECT_TRUE(is_served(base + "/merged/cam"));
    publisher.kill();
    expect_taken_over(base + "/merged");
    ::umount((base + "/merged").c_str());
  }
  ::umount(base.c_str());
  if (!mounted) GTEST_SKIP() << "no overlayfs here";
}

}  // namespace
}  // namespace arraywire::transport
