#include "wire/text.hpp"

#include <gtest/gtest.h>

namespace arraywire::wire {
namespace {

using namespace std::string_view_literals;

TEST(Text, IsUtf8WithoutZeros) {
  for (const auto text :
       {""sv, "camera-1"sv, "gr\xC3\xBC\xC3\x9F"sv, "\xE2\x82\xAC"sv, "\xF0\x9F\x93\xB7"sv, "\xED\x9F\xBF"sv, "\xEE\x80\x80"sv,
        "\xF4\x8F\xBF\xBF"sv, "\x7F"sv, "\xC2\x80"sv, "\xE0\xA0\x80"sv, "\xF0\x90\x80\x80"sv}) {
    EXPECT_TRUE(is_text(text)) << text;
  }
}

TEST(Text, IsNothingElse) {
  for (const auto bytes : {
           "\0"sv, "a\0b"sv,                                                    // zeros
           "\x80"sv, "\xBF"sv, "a\x80"sv,                                       // a continuation of nothing
           "\xC3"sv, "\xE2\x82"sv, "\xF0\x9F\x93"sv, "\xC3("sv,                 // cut short
           "\xC0\x80"sv, "\xC1\xBF"sv, "\xE0\x9F\xBF"sv, "\xF0\x8F\xBF\xBF"sv,  // overlong
           "\xED\xA0\x80"sv, "\xED\xBF\xBF"sv,                                  // surrogates
           "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\xFF"sv,                // beyond U+10FFFF
       }) {
    EXPECT_FALSE(is_text(bytes)) << ::testing::PrintToString(bytes);
  }
}

TEST(Text, ForPeopleKeepsWhatIsTextAndMarksTheRest) {
  std::string scratch;
  EXPECT_EQ(as_text("gr\xC3\xBC\xC3\x9F", 100, scratch), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(as_text("/tmp/\xFF\xC3\xBC/a\0b"sv, 100, scratch), "/tmp/?\xC3\xBC/a?b");
  EXPECT_EQ(as_text("\xE2\x82", 100, scratch), "??");
}

TEST(Text, ForPeopleIsCutBetweenCharacters) {
  std::string scratch;
  EXPECT_EQ(as_text("abcdef", 3, scratch), "abc");
  EXPECT_EQ(as_text("ab\xC3\xBC", 3, scratch), "ab");
  EXPECT_EQ(as_text("ab\xC3\xBC", 4, scratch), "ab\xC3\xBC");
  EXPECT_EQ(as_text("abc", 0, scratch), "");
}

}  // namespace
}  // namespace arraywire::wire
