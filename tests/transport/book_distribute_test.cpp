// Each message to one session, at least once, three times at most.
#include "transport/book_fixture.hpp"

namespace arraywire::transport::testing {
namespace {

constexpr Delivery kDistribute = Delivery::Distribute;

TEST(BookDistribute, GivesEachMessageToTheSessionWithMostRoom) {
  Stream s(kDistribute);
  s.book.open(kA, block({2, 2}), {});
  s.book.open(kB, block({3, 3}), {});
  s.publish(5);
  EXPECT_EQ(s.sent(), "B1 A2 B3 A4 B5");
  EXPECT_FALSE(s.book.has_taker());
  s.take(kA, 1);
  EXPECT_TRUE(s.book.has_taker());
}

TEST(BookDistribute, HasNoTakerWithoutSessions) {
  Stream s(kDistribute);
  EXPECT_FALSE(s.book.has_taker());
  s.book.open(kA, block({1, 1}, Lane::Inline), {});
  EXPECT_TRUE(s.book.has_taker());
  EXPECT_FALSE(s.book.needs_slot());
  s.book.open(kB, block({1, 1}, Lane::SharedMemory), {});
  EXPECT_TRUE(s.book.needs_slot());
}

TEST(BookDistribute, HoldsAMessageUntilItsReleaseOnBothLanes) {
  for (const Lane lane : {Lane::Inline, Lane::SharedMemory}) {
    Stream s(kDistribute);
    s.book.open(kA, block({1, 1}, lane), {});
    s.publish();
    s.sent();
    s.take(kA, 1);
    EXPECT_TRUE(s.held(1));
    s.release(kA, {1});
    EXPECT_FALSE(s.held(1));
  }
}

TEST(BookDistribute, WhatASessionHadNotReleasedGoesToTheNext) {
  Stream s(kDistribute);
  s.book.open(kA, block({3, 3}), {});
  s.publish(3);
  s.sent();
  s.take_and_release(kA, 1);
  s.take(kA, 2);
  s.book.open(kB, block({2, 2}), {});
  s.book.close(kA);
  EXPECT_EQ(s.sent(), "B2' B3'");
}

TEST(BookDistribute, WhatComesBackGoesBeforeWhatIsNew) {
  Stream s(kDistribute);
  s.book.open(kA, block({2, 2}), {});
  s.publish(2);
  s.book.close(kA);
  s.sent();
  EXPECT_FALSE(s.book.has_taker());
  s.book.open(kB, block({2, 2}), {});
  EXPECT_EQ(s.sent(), "B1' B2'");
  EXPECT_FALSE(s.book.has_taker());
}

TEST(BookDistribute, ARejectedMessageGoesToSomebodyElse) {
  Stream s(kDistribute);
  s.book.open(kA, block({9, 9}), {});
  s.publish();
  s.book.open(kB, block({1, 1}), {});
  s.sent();
  s.reject(kA, {1});
  EXPECT_EQ(s.sent(), "B1'") << "although A has more room";
}

TEST(BookDistribute, ARejectedMessageWaitsForSomebodyElseWhileThereIsOne) {
  Stream s(kDistribute);
  s.book.open(kA, block({1, 1}), {});
  s.book.open(kB, block({9, 9}), {});
  s.publish(9);
  s.book.counts(kA);
  const std::string all = s.sent();
  EXPECT_EQ(s.book.counts(kA).sent, 1U) << all;
  s.book.returned(kB, {.taken_through = 8, .rejected = {1}});
  EXPECT_EQ(s.sent(), "") << "A is full, and B does not get it again";
  s.take_and_release(kA, 1);
  EXPECT_EQ(s.sent(), "A1'");
}

TEST(BookDistribute, ALonelyRejecterGetsItAgain) {
  Stream s(kDistribute);
  s.book.open(kA, block({1, 1}), {});
  s.publish();
  s.sent();
  s.book.returned(kA, {.taken_through = 1, .rejected = {1}});
  EXPECT_EQ(s.sent(), "A1'");
}

TEST(BookDistribute, TheLastOtherGoingGivesItBackToTheRejecter) {
  Stream s(kDistribute);
  s.book.open(kA, block({1, 1}), {});
  s.book.open(kB, block({1, 1}), {});
  s.publish(2);
  EXPECT_EQ(s.sent(), "A1 B2");
  s.book.returned(kA, {.taken_through = 1, .rejected = {1}});
  EXPECT_EQ(s.sent(), "");
  s.book.close(kB);
  EXPECT_EQ(s.sent(), "A1'");
}

TEST(BookDistribute, ConnectingAgainIsStillBeingThere) {
  Stream s(kDistribute);
  s.book.open(kA, block({9, 9}), {});
  s.publish();
  s.book.open(kB, block({1, 1}), {});
  s.publish();  // to A, who has more room
  EXPECT_EQ(s.sent(), "A1 A2");
  s.reject(kA, {1});
  EXPECT_EQ(s.sent(), "B1'");
  s.reject(kA, {2});
  EXPECT_EQ(s.sent(), "");
  const std::uint64_t held[] = {1};
  s.book.open(kC, block({1, 1}), {.session = kB, .held = held});
  EXPECT_EQ(s.sent(), "C2'") << "not to A, who rejected it, in the moment between";
}

TEST(BookDistribute, IsGivenUpAfterThreeDeliveriesAndCounted) {
  Stream s(kDistribute);
  s.book.open(kA, block({1, 1}), {});
  s.publish();
  for (const char* expected : {"A1", "A1'", "A1''"}) {
    EXPECT_EQ(s.sent(), expected);
    EXPECT_EQ(s.book.abandoned(), 0U);
    const std::uint64_t number = s.book.counts(kA).sent;
    s.book.returned(kA, {.taken_through = number, .rejected = {number}});
  }
  EXPECT_EQ(s.sent(), "");
  EXPECT_EQ(s.book.abandoned(), 1U);
  EXPECT_FALSE(s.held(1));
  EXPECT_TRUE(s.book.has_taker());
}

TEST(BookDistribute, AMessageThatKillsItsWorkerDoesNotKillThemAll) {
  Stream s(kDistribute);
  for (const Id id : {kA, kB, kC, kD}) s.book.open(id, block({1, 1}), {});
  s.publish();
  for (int i = 0; i < 3; ++i) {
    const std::string sent = s.sent();
    ASSERT_FALSE(sent.empty());
    s.book.close(Id{static_cast<std::uint64_t>(sent[0] - 'A' + 1), 1});
  }
  EXPECT_EQ(s.book.open_sessions(), 1U);
  EXPECT_EQ(s.sent(), "");
  EXPECT_EQ(s.book.abandoned(), 1U);
}

TEST(BookDistribute, WhatAWorkerThatLeavesHadNotTakenWasNotAttempted) {
  Stream s(kDistribute);
  s.book.open(kA, block({1, 1}), {});
  s.publish();
  EXPECT_EQ(s.sent(), "A1");
  s.book.leave(kA, {});
  for (std::uint64_t i = 2; i < 9; ++i) {
    s.book.open({2, i}, block({1, 1}), {});
    EXPECT_EQ(s.sent(), "B1");
    s.book.leave({2, i}, {});
  }
  EXPECT_EQ(s.book.abandoned(), 0U);
}

TEST(BookDistribute, WhatAWorkerThatLeavesHadTakenAndNoLongerHoldsWasAttempted) {
  Stream s(kDistribute);
  s.book.open(kA, block({2, 2}), {});
  s.publish(2);
  s.take(kA, 1);
  s.sent();
  s.book.open(kB, block({2, 2}), {});
  s.book.leave(kA, {});
  EXPECT_EQ(s.sent(), "B1' B2");
}

TEST(BookDistribute, WhoConnectsAgainDidNotAttemptWhatItsConnectionLost) {
  Stream s(kDistribute);
  s.book.open(kA, block({2, 2}), {});
  s.publish(2);
  s.take(kA, 1);
  s.sent();
  const std::uint64_t held[] = {1};
  s.book.open(kB, block({2, 2}), {.session = kA, .held = held});
  EXPECT_EQ(s.sent(), "B2");
}

TEST(BookDistribute, WhatSomebodyWhoLeftHoldsIsNotGivenToOthersUnlessItIsRejected) {
  Stream s(kDistribute);
  s.book.open(kA, block({2, 2}), {});
  s.publish(2);
  s.take(kA, 2);
  s.sent();
  s.book.open(kB, block({2, 2}), {});
  const std::uint64_t held[] = {1, 2};
  s.book.leave(kA, held);
  EXPECT_EQ(s.sent(), "");
  s.release(kA, {1});
  s.reject(kA, {2});
  EXPECT_EQ(s.sent(), "B2'");
  EXPECT_FALSE(s.book.knows(kA));
}

TEST(BookDistribute, EndIsSentWhenEverythingIsReleased) {
  Stream s(kDistribute);
  s.book.open(kA, block({1, 1}), {});
  s.book.open(kB, block({1, 1}), {});
  s.publish(2);
  EXPECT_EQ(s.sent(), "A1 B2");
  s.book.begin_finish();
  s.take_and_release(kA, 1);
  s.take(kB, 1);
  EXPECT_EQ(s.sent(), "") << "B may still reject it, and then A is needed";
  s.reject(kB, {1});
  EXPECT_EQ(s.sent(), "A2'");
  EXPECT_FALSE(s.book.finished());
  s.take_and_release(kA, 2);
  EXPECT_EQ(s.sent(), "A.End(2,0) B.End(2,0)");
  s.say_ended(kA);
  EXPECT_FALSE(s.book.finished());
  s.say_ended(kB);
  EXPECT_TRUE(s.book.finished());
}

TEST(BookDistribute, IsNotFinishedWhileAMessageHasNobody) {
  Stream s(kDistribute);
  s.book.open(kA, block({1, 1}), {});
  s.publish();
  s.book.begin_finish();
  s.book.close(kA);
  s.sent();
  EXPECT_FALSE(s.book.finished());
  s.book.open(kB, block({1, 1}), {});
  EXPECT_EQ(s.sent(), "B1'");
  s.take_and_release(kB, 1);
  EXPECT_EQ(s.sent(), "B.End(1,0)");
  s.say_ended(kB);
  EXPECT_TRUE(s.book.finished());
}

TEST(BookDistribute, AForcedEndIsTheLastThingThatIsSent) {
  Stream s(kDistribute);
  s.book.open(kA, block({2, 2}), {});
  s.publish(2);
  s.sent();
  s.book.force_ends();
  EXPECT_EQ(s.sent(), "A.End(2,0)");
  s.reject(kA, {1});
  EXPECT_EQ(s.sent(), "");
  EXPECT_FALSE(s.book.finished());
}

TEST(BookDistribute, HasNoHistoryAndMissesNothing) {
  Stream s(kDistribute);
  s.book.open(kA, block({3, 3}), {});
  s.publish(3);
  const Opened opened = s.book.open(kB, block({3, 3}), {.sequence = 1});
  EXPECT_EQ(opened.sequence, 3U);
  EXPECT_EQ(opened.missed, 0U);
}

}  // namespace
}  // namespace arraywire::transport::testing
