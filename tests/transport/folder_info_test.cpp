#include "transport/folder_info.hpp"

#include <gtest/gtest.h>

#include <string>

namespace arraywire::transport {
namespace {

std::string_view view(const FolderInfoText& text) { return {text.data(), text.size()}; }

TEST(FolderInfo, ComesBackAsItWasWritten) {
  const FolderInfo info{
      .pid = 4711, .user = "ada", .endpoints = {"ipc:///run/x/data.sock", "tcp://0.0.0.0:5555"}, .consumers = 3};
  FolderInfo read;
  ASSERT_EQ(parse_folder_info(view(format_folder_info(info)), read), FolderInfoState::Whole);
  EXPECT_EQ(read.pid, info.pid);
  EXPECT_EQ(read.user, info.user);
  EXPECT_EQ(read.endpoints, info.endpoints);
  EXPECT_EQ(read.consumers, info.consumers);
}

TEST(FolderInfo, LeavesOutWhatDoesNotFitButIsWhole) {
  FolderInfo info{.pid = 1, .endpoints = std::vector<std::string>(1000, "tcp://127.0.0.1:1"), .consumers = 2};
  info.endpoints.insert(info.endpoints.begin(), std::string(10'000, 'x'));
  FolderInfo read;
  ASSERT_EQ(parse_folder_info(view(format_folder_info(info)), read), FolderInfoState::Whole);
  EXPECT_GT(read.endpoints.size(), 100u);
  EXPECT_LT(read.endpoints.size(), 1000u);
  EXPECT_EQ(read.endpoints.front(), "tcp://127.0.0.1:1");
}

TEST(FolderInfo, CannotBeForgedThroughAValue) {
  const FolderInfo info{.pid = 1, .user = "x\npid 7", .endpoints = {"tcp://a\nend 5", "tcp://\x1b[2J"}};
  FolderInfo read;
  ASSERT_EQ(parse_folder_info(view(format_folder_info(info)), read), FolderInfoState::Whole);
  EXPECT_EQ(read.pid, 1);
  EXPECT_TRUE(read.user.empty());
  EXPECT_TRUE(read.endpoints.empty());
}

TEST(FolderInfo, MetHalfWayIsTorn) {
  const FolderInfo info{.pid = 1, .user = "somebody"}, later{.pid = 2, .user = "nobody", .consumers = 7};
  const FolderInfoText before = format_folder_info(info), after = format_folder_info(later);
  FolderInfo read;
  int torn = 0;
  for (std::size_t cut = 1; cut < 100; ++cut) {
    std::string mixed(view(after).substr(0, cut));
    mixed += view(before).substr(cut);
    if (parse_folder_info(mixed, read) == FolderInfoState::Whole) {  // one of the two, never something of both
      EXPECT_EQ(read.user, read.pid == 1 ? info.user : later.user) << cut;
      EXPECT_EQ(read.consumers, read.pid == 1 ? info.consumers : later.consumers) << cut;
    } else {
      ++torn;
    }
  }
  EXPECT_GT(torn, 20);
}

TEST(FolderInfo, SurvivesAnyText) {
  FolderInfo read;
  for (const std::string text :
       {"", "\n", " ", "end ", "end", "arraywire-folder-1 ", "arraywire-folder-1 \nend \n", "arraywire-folder-1", "\0\0"}) {
    EXPECT_EQ(parse_folder_info(text, read), FolderInfoState::Torn) << text;
  }
  const FolderInfo info{.pid = 3, .user = "somebody"};
  std::string damaged(view(format_folder_info(info)));
  for (std::size_t i = 0; i < 80; ++i) {
    std::string one = damaged;
    one[i] = static_cast<char>(one[i] ^ 1);
    if (parse_folder_info(one, read) == FolderInfoState::Whole) {
      EXPECT_EQ(read.pid, 3) << i;  // damage behind the checksum
    }
  }
  ASSERT_EQ(parse_folder_info("arraywire-folder 1\npid -5\nconsumers -1\nunknown line\n", read), FolderInfoState::Torn);
  EXPECT_EQ(read.pid, 0);
  EXPECT_EQ(read.consumers, 0u);
  EXPECT_TRUE(read.user.empty());
}

}  // namespace
}  // namespace arraywire::transport
