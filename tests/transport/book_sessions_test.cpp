// How sessions begin, are replaced and end: grants, history, Hello with a predecessor, End.
#include "transport/book_fixture.hpp"

namespace arraywire::transport::testing {
namespace {

// ---- grants

TEST(BookGrants, GrantsWhatWasWantedWhenTheBudgetBacksIt) {
  const DeliveryBook book(Delivery::FanOut, 0);
  EXPECT_EQ(book.grant({4, 4}, Lane::SharedMemory, 10), std::optional(Grant{4, 4})) << "8 and two loans";
}

TEST(BookGrants, GrantsFewerRatherThanNothing) {
  const DeliveryBook book(Delivery::FanOut, 0);
  EXPECT_EQ(book.grant({4, 4}, Lane::SharedMemory, 9), std::optional(Grant{4, 3}));
  EXPECT_EQ(book.grant({1000, 2}, Lane::SharedMemory, 7), std::optional(Grant{3, 2}));
  EXPECT_EQ(book.grant({4, 4}, Lane::SharedMemory, 4), std::optional(Grant{1, 1}));
  EXPECT_EQ(book.grant({4, 4}, Lane::Inline, 5), std::optional(Grant{3, 4})) << "inline samples hold no slot";
}

TEST(BookGrants, GrantsNothingThatThePoolCannotBack) {
  const DeliveryBook book(Delivery::FanOut, 0);
  EXPECT_FALSE(book.grant({1, 1}, Lane::SharedMemory, 3));
  EXPECT_FALSE(book.grant({1, 1}, Lane::Inline, 2));
  EXPECT_FALSE(book.grant({1, 1}, Lane::Inline, 0));
}

TEST(BookGrants, CountsTheGrantsOfOthersHistoryAndWhatThoseWhoLeftStillHold) {
  Stream s(Delivery::FanOut, 3);
  s.book.open(kA, block({2, 2}, Lane::SharedMemory), {});
  s.book.open(kB, block({2, 2}, Lane::Inline), {});
  EXPECT_EQ(s.book.grant({9, 9}, Lane::Inline, 12), std::optional(Grant{1, 9})) << "12 - 2 - 3 - 4 - 2";
  s.publish();
  const std::uint64_t held[] = {1};
  s.book.leave(kA, held);
  EXPECT_EQ(s.book.grant({9, 9}, Lane::Inline, 12), std::optional(Grant{4, 9})) << "one slot instead of four";
}

TEST(BookGrants, DistributeHoldsSlotsOnBothLanes) {
  const DeliveryBook book(Delivery::Distribute, 0);
  EXPECT_EQ(book.grant({4, 4}, Lane::Inline, 9), std::optional(Grant{4, 3}));
}

TEST(BookGrants, WhoConnectsAgainIsGrantedWhatItGivesBack) {
  Stream s;
  const std::uint64_t budget = 2 + 4;
  s.book.open(kA, block(*s.book.grant({2, 2}, Lane::SharedMemory, budget), Lane::SharedMemory), {});
  s.publish(2);
  EXPECT_FALSE(s.book.grant({2, 2}, Lane::SharedMemory, budget)) << "for anybody else nothing is left";
  EXPECT_EQ(s.book.grant({2, 2}, Lane::SharedMemory, budget, {.session = kA}), std::optional(Grant{2, 2}));
  const std::uint64_t held[] = {1};
  EXPECT_EQ(s.book.grant({2, 2}, Lane::SharedMemory, budget, {.session = kA, .held = held}), std::optional(Grant{2, 1}));
  const std::vector<std::uint64_t> claims(2000, 1);
  EXPECT_EQ(s.book.grant({2, 2}, Lane::SharedMemory, budget, {.session = kA, .held = claims}), std::optional(Grant{1, 1}))
      << "no more than it can hold";
}

// ---- history

TEST(BookHistory, ANewcomerFirstGetsTheLastMessagesFlagged) {
  Stream s(Delivery::FanOut, 3);
  s.publish(5);
  const Opened opened = s.book.open(kA, block({5, 5}), {});
  EXPECT_EQ(opened.sequence, 2U);
  EXPECT_EQ(opened.missed, 0U) << "a newcomer misses nothing from before its time";
  s.publish();
  EXPECT_EQ(s.sent(), "A3h A4h A5h A6");
}

TEST(BookHistory, IsBoundedByTheQueue) {
  Stream s(Delivery::FanOut, 3);
  s.publish(5);
  EXPECT_EQ(s.book.open(kA, block({2, 5}), {}).sequence, 3U);
  EXPECT_EQ(s.sent(), "A4h A5h");
}

TEST(BookHistory, WhoWasThereGetsOnlyWhatItHasNot) {
  Stream s(Delivery::FanOut, 3);
  s.publish(5);
  Opened opened = s.book.open(kA, block({9, 9}), {.sequence = 4});
  EXPECT_EQ(s.sent(), "A5h");
  EXPECT_EQ(opened.sequence, 4U);
  EXPECT_EQ(opened.missed, 0U);
  opened = s.book.open(kB, block({9, 9}), {.sequence = 1});
  EXPECT_EQ(s.sent(), "B3h B4h B5h");
  EXPECT_EQ(opened.sequence, 2U);
  EXPECT_EQ(opened.missed, 1U) << "message 2 is gone";
  opened = s.book.open(kC, block({9, 9}), {.sequence = 5});
  EXPECT_EQ(s.sent(), "");
  EXPECT_EQ(opened.sequence, 5U);
}

TEST(BookHistory, ALatestJoinerGetsTheNewestWhenItAsks) {
  Stream s(Delivery::FanOut, 3);
  s.publish(5);
  EXPECT_EQ(s.book.open(kA, latest({9, 9}), {}).sequence, 4U);
  EXPECT_EQ(s.sent(), "");
  s.want(kA);
  EXPECT_EQ(s.sent(), "A5h");
  s.book.open(kB, latest({9, 9}), {});
  s.publish();
  s.want(kB);
  EXPECT_EQ(s.sent(), "B6+1") << "a newer one takes its place, and that one is no history";
}

TEST(BookHistory, HoldsAsManyMessagesAsItSays) {
  Stream s(Delivery::FanOut, 2);
  EXPECT_TRUE(s.book.needs_slot());
  s.publish(3);
  EXPECT_FALSE(s.held(1));
  EXPECT_TRUE(s.held(2));
  EXPECT_TRUE(s.held(3));
}

TEST(BookHistory, AClaimToKnowTheFutureGivesNothing) {
  Stream s(Delivery::FanOut, 2);
  s.publish(3);
  const Opened opened = s.book.open(kA, block(), {.sequence = 1'000'000});
  EXPECT_EQ(opened.sequence, 3U);
  EXPECT_EQ(opened.missed, 0U);
  EXPECT_EQ(s.sent(), "");
}

// ---- one session after another

TEST(BookReplacing, KeepsWhatIsHeldUntilItIsReturnedAndFreesTheRestAtOnce) {
  Stream s;
  s.book.open(kA, block({3, 3}), {});
  s.publish(3);
  s.sent();
  const std::uint64_t held[] = {2, 77};
  const Opened opened = s.book.open(kB, block({3, 3}), {.session = kA, .sequence = 2, .held = held});
  EXPECT_EQ(opened.sequence, 3U);
  EXPECT_EQ(opened.missed, 1U) << "message 3 was lost on the way";
  EXPECT_FALSE(s.held(1));
  EXPECT_TRUE(s.held(2));
  EXPECT_FALSE(s.held(3));
  EXPECT_TRUE(s.book.knows(kA));
  EXPECT_EQ(s.book.open_sessions(), 1U);
  EXPECT_EQ(s.release(kA, {3}), 1U) << "freed already";
  EXPECT_EQ(s.release(kA, {2}), 0U);
  EXPECT_FALSE(s.held(2));
  EXPECT_FALSE(s.book.knows(kA));
}

TEST(BookReplacing, NothingIsSentToASessionThatLeft) {
  Stream s;
  s.book.open(kA, block({3, 3}), {});
  s.publish();
  s.sent();
  const std::uint64_t held[] = {1};
  s.book.leave(kA, held);
  s.publish();
  s.want(kA);
  s.book.begin_finish();
  EXPECT_EQ(s.sent(), "");
  s.book.force_ends();
  EXPECT_EQ(s.sent(), "");
}

TEST(BookReplacing, AnInlineFanOutSessionLeavesNothingBehind) {
  Stream s;
  s.book.open(kA, block({3, 3}, Lane::Inline), {});
  s.publish();
  const std::uint64_t held[] = {1};
  s.book.leave(kA, held);
  EXPECT_FALSE(s.book.knows(kA));
}

TEST(BookReplacing, EveryLossIsSaidOnce) {
  Stream s;
  s.book.open(kA, drop_newest({1, 9}), {});
  s.publish(3);  // 1 is sent; 2 and 3 are missed and not yet said
  EXPECT_EQ(s.book.open(kB, drop_newest({1, 9}), {.session = kA, .sequence = 1}).missed, 2U);
  s.sent();
  s.publish(2);
  EXPECT_EQ(s.sent(), "B4");
  s.book.begin_finish();
  EXPECT_EQ(s.sent(), "B.End(5,1)");
}

// ---- the end

TEST(BookEnd, NeedsNoCredit) {
  Stream s;
  s.book.open(kA, drop_newest(), {});
  s.publish(3);
  s.book.begin_finish();
  EXPECT_EQ(s.sent(), "A1 A.End(3,2)");
  EXPECT_FALSE(s.book.finished());
  s.take(kA, 1);
  EXPECT_FALSE(s.book.finished()) << "its End may be lost with our process";
  s.say_ended(kA);
  EXPECT_TRUE(s.book.finished()) << "taken is enough; samples may be read after the end";
}

TEST(BookEnd, WhatIsKeptIsSentBeforeIt) {
  Stream s;
  s.book.open(kA, latest(), {});
  s.publish(2);
  s.book.begin_finish();
  EXPECT_EQ(s.sent(), "A2+1 A.End(2,0)") << "asked for or not: there is nothing else to come";
  s.book.open(kB, latest(), {});
  EXPECT_EQ(s.sent(), "B.End(2,0)");
}

TEST(BookEnd, WaitsForRoomForWhatIsKept) {
  Stream s;
  s.book.open(kA, latest(), {});
  s.want(kA);
  s.publish(3);
  s.book.begin_finish();
  EXPECT_EQ(s.sent(), "A1");
  s.take(kA, 1);
  EXPECT_EQ(s.sent(), "A3+1 A.End(3,0)");
}

TEST(BookEnd, WaitsForWhoPublishWaitsFor) {
  Stream s;
  s.book.open(kA, block(), {});
  s.publish(2);
  s.book.begin_finish();
  EXPECT_EQ(s.sent(), "A1");
  s.take(kA, 1);
  EXPECT_EQ(s.sent(), "A2 A.End(2,0)");
}

TEST(BookEnd, ComesAtOnceWhenThatWaitIsGivenUp) {
  Stream s;
  s.book.open(kA, block(), {});
  s.publish(2);
  s.book.begin_finish();
  s.sent();
  s.book.waive();
  EXPECT_EQ(s.sent(), "A.End(2,1)");
}

TEST(BookEnd, ForcedCountsWhatWasKeptOrPendingAsMissed) {
  Stream s;
  s.book.open(kA, latest(), {});
  s.book.open(kB, block(), {});
  s.want(kA);
  s.publish(2);
  s.sent();
  s.book.force_ends();
  EXPECT_EQ(s.sent(), "A.End(2,1) B.End(2,1)");
  EXPECT_EQ(s.book.waiting(), 0U);
  EXPECT_FALSE(s.book.finished());
  s.take(kA, 1);
  s.take(kB, 1);
  EXPECT_EQ(s.sent(), "") << "nothing after an End";
  s.say_ended(kA);
  s.say_ended(kB);
  EXPECT_TRUE(s.book.finished());
  s.book.force_ends();
  EXPECT_EQ(s.sent(), "") << "one End each";
}

TEST(BookEnd, AJoinerOfAFinishingStreamGetsHistoryAndEnd) {
  Stream s(Delivery::FanOut, 2);
  s.publish(3);
  s.book.begin_finish();
  s.book.open(kA, block({4, 4}), {});
  EXPECT_EQ(s.sent(), "A2h A3h A.End(3,0)");
  EXPECT_FALSE(s.book.finished());
  s.take(kA, 2);
  s.say_ended(kA);
  EXPECT_TRUE(s.book.finished());
}

TEST(BookEnd, SaidToHaveArrivedBeforeItWasSentIsNonsense) {
  Stream s;
  s.book.open(kA, block(), {});
  EXPECT_EQ(s.say_ended(kA), 1U);
  s.book.begin_finish();
  EXPECT_FALSE(s.book.finished());
  EXPECT_EQ(s.say_ended(kA), 0U);
  EXPECT_EQ(s.say_ended(kA), 0U) << "saying it again changes nothing";
  EXPECT_TRUE(s.book.finished());
}

TEST(BookEnd, WhoIsGoneIsNotWaitedFor) {
  Stream s;
  s.book.open(kA, block(), {});
  s.book.open(kB, block(), {});
  s.publish();
  s.book.begin_finish();
  s.book.close(kA);
  const std::uint64_t held[] = {1};
  s.book.leave(kB, held);
  EXPECT_TRUE(s.book.finished()) << "also while it still holds a sample";
}

}  // namespace
}  // namespace arraywire::transport::testing
