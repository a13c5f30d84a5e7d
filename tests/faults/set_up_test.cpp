// What stands in a publisher's way when it starts.
#include "faults/programs.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>

namespace faults {
namespace {

using namespace arraywire;

struct Refusal {
  ErrorCode code{};
  std::string what{};
};

// What a Publisher says that cannot start there.
Refusal refusal(const std::filesystem::path& directory, const std::string& stream = "faults") {
  Context context({.runtime_directory = directory});
  try {
    const Publisher publisher(context, stream);
  } catch (const Error& e) {
    return {e.code(), e.what()};
  }
  ADD_FAILURE() << "a publisher starts in " << directory;
  return {};
}

TEST(SetUp, ASecondProducerOfANameIsToldWhoHasItAndTheFirstIsUndisturbed) {
  const RuntimeDirectory directory;
  ProducerProcess first(directory, {});
  ConsumerProcess consumer(directory, "faults", {});
  ASSERT_EQ(first.ask("wait 1").word(), "joined");
  first.ask("publish 2");
  const Refusal in_use = refusal(directory.path());
  EXPECT_EQ(in_use.code, ErrorCode::InUse);
  EXPECT_NE(in_use.what.find("'faults'"), std::string::npos) << in_use.what;
  EXPECT_NE(in_use.what.find(std::to_string(first.pid())), std::string::npos) << in_use.what;
  first.ask("publish 2");
  const Reply tally = consumer.ask("take 4");
  EXPECT_EQ(tally.number("last"), 4U);
  EXPECT_EQ(tally.number("missed") + tally.number("gaps") + tally.number("faults"), 0U);
}

TEST(SetUp, WhatAKilledProducerLeftIsTakenOver) {
  const RuntimeDirectory directory;
  ProducerProcess killed(directory, {});
  killed.kill();
  ASSERT_FALSE(directory.sockets().empty());  // stale ones
  Context context({.runtime_directory = directory.path()});
  EXPECT_TRUE(list_streams(context).empty());
  {
    Publisher publisher(context, "faults");
    ASSERT_EQ(list_streams(context).size(), 1U);
    EXPECT_EQ(list_streams(context).front().pid, ::getpid());
    Subscriber subscriber(context, "faults");
    ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
    publish_frame(publisher, 1000, 1);
    const Sample sample = subscriber.take(kWatchdog).value();
    EXPECT_TRUE(intact(sample));
  }
  EXPECT_TRUE(directory.sockets().empty());
}

TEST(SetUp, ARuntimeDirectoryThatCannotServeIsNamed) {
  const RuntimeDirectory directory;
  const auto named = [&](const std::filesystem::path& path, ErrorCode code) {
    const Refusal r = refusal(path);
    EXPECT_EQ(r.code, code) << r.what;
    EXPECT_NE(r.what.find(path.string()), std::string::npos) << r.what;
  };
  named(directory.path() / "no" / "such", ErrorCode::NotFound);
  std::ofstream(directory.path() / "file") << "not a directory";
  named(directory.path() / "file", ErrorCode::NotPermitted);
  std::filesystem::create_directory(directory.path() / "real");
  std::filesystem::create_symlink("real", directory.path() / "link");
  named(directory.path() / "link", ErrorCode::NotPermitted);
  std::filesystem::create_directory(directory.path() / "open");
  ASSERT_EQ(::chmod((directory.path() / "open").c_str(), 0777), 0);
  named(directory.path() / "open", ErrorCode::NotPermitted);
  const std::filesystem::path deep = directory.path() / std::string(100, 'x');
  named(deep, ErrorCode::InvalidArgument);
}

// The rest of the process goes on as root: only what this object's life covers is another user's.
class OtherUser {
 public:
  OtherUser() : was_(::geteuid()) { EXPECT_EQ(::seteuid(65'534), 0); }
  ~OtherUser() { EXPECT_EQ(::seteuid(was_), 0); }
  OtherUser(const OtherUser&) = delete;
  OtherUser& operator=(const OtherUser&) = delete;

 private:
  uid_t was_;
};

TEST(SetUp, ARuntimeDirectoryWithoutPermissionIsNamed) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be two users";
  const RuntimeDirectory directory;
  ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
  std::filesystem::create_directory(directory.path() / "own");
  ASSERT_EQ(::chown((directory.path() / "own").c_str(), 65'534, 65'534), 0);
  ASSERT_EQ(::chmod((directory.path() / "own").c_str(), 0500), 0);  // read-only
  for (const std::filesystem::path& path : {directory.path(), directory.path() / "own"}) {
    const OtherUser nobody;
    const Refusal r = refusal(path);
    EXPECT_EQ(r.code, ErrorCode::NotPermitted) << r.what;
    EXPECT_NE(r.what.find(path.string()), std::string::npos) << r.what;
  }
}

TEST(SetUp, ABadEndpointOrATakenPortIsNamed) {
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  const Publisher first(context, "first", {.listen = {"tcp://127.0.0.1:0"}});
  const std::string taken = first.endpoints().back();
  try {
    const Publisher second(context, "second", {.listen = {taken}});
    FAIL() << "listens on a taken port";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::InUse);
    EXPECT_NE(std::string(e.what()).find(taken), std::string::npos) << e.what();
  }
  const Publisher again(context, "second");  // what the failure had begun is gone
  EXPECT_EQ(list_streams(context).size(), 2U);
}

}  // namespace
}  // namespace faults
