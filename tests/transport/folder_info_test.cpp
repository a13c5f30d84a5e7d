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
  ASSERT_EQ(parse_folder_info(view(format_folder_info(info, 99)), read), FolderInfoState::Whole);
  EXPECT_EQ(read.pid, info.pid);
  EXPECT_EQ(read.user, info.user);
  EXPECT_EQ(read.endpoints, info.endpoints);
  EXPECT_EQ(read.consumers, info.consumers);
}

TEST(FolderInfo, LeavesOutWhatDoesNotFitButIsWhole) {
  FolderInfo info{.pid = 1, .endpoints = std::vector<std::string>(1000, "tcp://127.0.0.1:1"), .consumers = 2};
  info.endpoints.insert(info.endpoints.begin(), std::string(10'000, 'x'));
  FolderInfo read;
  ASSERT_EQ(parse_folder_info(view(format_folder_info(info, ~std::uint64_t{0})), read), FolderInfoState::Whole);
  EXPECT_GT(read.endpoints.size(), 100u);
  EXPECT_LT(read.endpoints.size(), 1000u);
  EXPECT_EQ(read.endpoints.front(), "tcp://127.0.0.1:1");
}

TEST(FolderInfo, CannotBeForgedThroughAValue) {
  const FolderInfo info{.pid = 1, .user = "x\npid 7", .endpoints = {"tcp://a\nend 5", "tcp://\x1b[2J"}};
  FolderInfo read;
  ASSERT_EQ(parse_folder_info(view(format_folder_info(info, 5)), read), FolderInfoState::Whole);
  EXPECT_EQ(read.pid, 1);
  EXPECT_TRUE(read.user.empty());
  EXPECT_TRUE(read.endpoints.empty());
}

TEST(FolderInfo, MetHalfWayIsTorn) {
  const FolderInfo info{.pid = 1, .user = "somebody"};
  const FolderInfoText before = format_folder_info(info, 10), after = format_folder_info(info, 11);
  FolderInfo read;
  for (std::size_t cut = 1; cut < 60; ++cut) {
    std::string mixed(view(after).substr(0, cut));
    mixed += view(before).substr(cut);
    const bool whole = mixed == view(after) || mixed == view(before);
    EXPECT_EQ(parse_folder_info(mixed, read), whole ? FolderInfoState::Whole : FolderInfoState::Torn) << cut;
    EXPECT_EQ(parse_folder_info(view(after).substr(0, cut), read) == FolderInfoState::Whole,
              view(after).substr(0, cut).find("end 11") != std::string::npos);
  }
}

TEST(FolderInfo, SurvivesAnyText) {
  FolderInfo read;
  for (const std::string text :
       {"", "\n", " ", "end ", "end", "arraywire-folder-1 ", "arraywire-folder-1 \nend \n", "arraywire-folder-1", "\0\0"}) {
    EXPECT_EQ(parse_folder_info(text, read), FolderInfoState::Torn) << text;
  }
  const std::string odd = "arraywire-folder-1 1\npid -5\npid 99999999999999\nconsumers -1\nuser a\x7f\nunknown line\nend 1\n";
  EXPECT_EQ(parse_folder_info(odd, read), FolderInfoState::Whole);
  EXPECT_EQ(read.pid, 0);
  EXPECT_EQ(read.consumers, 0u);
  EXPECT_TRUE(read.user.empty());
}

}  // namespace
}  // namespace arraywire::transport
