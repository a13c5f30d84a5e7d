// Credit, returns and the policies of sessions that cannot be sent to.
#include "transport/book_fixture.hpp"

namespace arraywire::transport::testing {
namespace {

// ---- credit

TEST(BookCredit, SendsWhileFewerThanQueueAreNotTaken) {
  Stream s;
  s.book.open(kA, drop_newest({2, 8}), {});
  s.publish(3);
  EXPECT_EQ(s.sent(), "A1 A2");
  s.take(kA, 1);
  s.publish();
  EXPECT_EQ(s.sent(), "A4+1");
}

TEST(BookCredit, SendsWhileFewerThanQueuePlusHoldAreNotReleased) {
  Stream s;
  s.book.open(kA, drop_newest({2, 1}), {});
  s.publish(2);
  s.take(kA, 2);
  s.publish(2);
  EXPECT_EQ(s.sent(), "A1 A2 A3") << "3 = queue + hold";
  s.take(kA, 3);
  s.publish();
  EXPECT_EQ(s.sent(), "") << "all taken, but as many unreleased as are allowed";
  s.release(kA, {2});
  s.publish();
  EXPECT_EQ(s.sent(), "A6+2");
}

TEST(BookCredit, BoundsAnInlineSessionsUnreleasedSamplesToo) {
  Stream s;
  s.book.open(kA, drop_newest({1, 1}, Lane::Inline), {});
  s.publish();
  s.take(kA, 1);
  s.publish();
  s.take(kA, 2);
  s.publish();
  EXPECT_EQ(s.sent(), "A1 A2");
}

TEST(BookCredit, CountsTakingAsCumulative) {
  Stream s;
  s.book.open(kA, drop_newest({3, 3}), {});
  s.publish(3);
  EXPECT_EQ(s.take(kA, 3), 0U);
  EXPECT_EQ(s.take(kA, 1), 0U) << "an older Return says nothing new and takes nothing back";
  EXPECT_EQ(s.book.counts(kA).taken, 3U);
}

// ---- returns

TEST(BookReturns, FreesExactlyTheDeliveryThatIsReturned) {
  Stream s;
  s.book.open(kA, drop_newest({3, 3}), {});
  s.publish(3);
  s.sent();
  EXPECT_EQ(s.release(kA, {2}), 0U);
  EXPECT_TRUE(s.held(1));
  EXPECT_FALSE(s.held(2));
  EXPECT_TRUE(s.held(3));
  EXPECT_EQ(s.book.counts(kA).leased, 2U);
}

TEST(BookReturns, IgnoresAndCountsWhatIsNotOutstanding) {
  Stream s;
  s.book.open(kA, drop_newest({2, 2}), {});
  s.publish(2);
  s.sent();
  EXPECT_EQ(s.release(kA, {1}), 0U);
  EXPECT_EQ(s.release(kA, {1}), 1U) << "already returned";
  EXPECT_EQ(s.release(kA, {0, 3, ~std::uint64_t{0}}), 3U) << "never given out";
  EXPECT_EQ(s.reject(kA, {1, 99}), 2U);
  EXPECT_EQ(s.take(kA, 3), 1U) << "more than was sent";
  EXPECT_EQ(s.book.counts(kA).taken, 0U);
  EXPECT_EQ(s.book.returned(kB, {.released = {1, 2}, .rejected = {3}}), 4U) << "a session that nobody knows";
  EXPECT_TRUE(s.held(2)) << "nothing else was freed";
}

TEST(BookReturns, KeepsFanOutMessagesForLeasesOnlyWhereASlotIsHeld) {
  Stream s;
  s.book.open(kA, drop_newest({1, 1}, Lane::Inline), {});
  s.publish();
  s.sent();
  EXPECT_FALSE(s.held(1)) << "inline, zmq's own reference is all that there is";
  s.book.open(kB, drop_newest({1, 1}, Lane::SharedMemory), {});
  s.publish();
  s.sent();
  EXPECT_TRUE(s.held(2));
  EXPECT_EQ(s.book.counts(kA).leased, 0U);
  EXPECT_EQ(s.book.counts(kB).leased, 1U);
}

// ---- policies

TEST(BookBlock, WaitsOnlyForThoseWhoCannotTakeIt) {
  Stream s;
  s.book.open(kA, block(), {});
  s.book.open(kB, block({2, 2}), {});
  EXPECT_EQ(s.publish().receivers, 2U);
  EXPECT_EQ(s.publish().receivers, 1U);
  EXPECT_EQ(s.book.waiting(), 1U);
  EXPECT_TRUE(s.book.counts(kA).pending);
  EXPECT_EQ(s.sent(), "A1 B1 B2");
  s.take(kA, 1);
  EXPECT_EQ(s.book.waiting(), 0U);
  EXPECT_EQ(s.sent(), "A2");
  EXPECT_EQ(s.book.outcome().receivers, 2U);
  EXPECT_EQ(s.book.outcome().missed, 0U);
}

TEST(BookBlock, OneStoppedNotebookCostsTheLimitOnce) {
  Stream s;
  s.book.open(kA, block(), {});
  s.publish(2);
  EXPECT_EQ(s.book.waiting(), 1U);
  EXPECT_THAT(s.book.waive(), ::testing::ElementsAre(kA));
  EXPECT_EQ(s.book.outcome().missed, 1U);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(s.publish().missed, 1U);
    EXPECT_EQ(s.book.waiting(), 0U) << "not waited for again";
  }
  EXPECT_TRUE(s.book.waive().empty());
  s.sent();
  s.take(kA, 1);
  s.publish();
  EXPECT_EQ(s.sent(), "A8+6");
  s.publish();
  EXPECT_EQ(s.book.waiting(), 1U) << "it took, so it is waited for";
}

TEST(BookBlock, AReleaseAloneDoesNotMakeAWaivedSessionWaitedForAgain) {
  Stream s;
  s.book.open(kA, block({1, 1}), {});
  s.publish(2);
  s.book.waive();
  s.release(kA, {1});
  s.publish();
  EXPECT_EQ(s.book.waiting(), 0U);
}

TEST(BookBlock, StopsWaitingForWhoGoes) {
  Stream s;
  s.book.open(kA, block(), {});
  s.book.open(kB, block(), {});
  s.publish(2);
  EXPECT_EQ(s.book.waiting(), 2U);
  s.book.close(kA);
  EXPECT_EQ(s.book.waiting(), 1U);
  s.book.leave(kB, {});
  EXPECT_EQ(s.book.waiting(), 0U);
  EXPECT_EQ(s.book.outcome().missed, 2U);
  EXPECT_FALSE(s.held(2));
}

TEST(BookBlock, AJoinerIsNotWaitedForWithAMessageFromBeforeIt) {
  Stream s;
  s.book.open(kA, block(), {});
  s.publish(2);
  EXPECT_EQ(s.book.open(kB, block(), {}).sequence, 2U);
  EXPECT_EQ(s.book.waiting(), 1U);
  s.sent();
  s.take(kA, 1);
  EXPECT_EQ(s.sent(), "A2");
}

TEST(BookDropNewest, MissesForItselfAlone) {
  Stream s;
  s.book.open(kA, drop_newest({1, 9}), {});
  s.book.open(kB, drop_newest({9, 9}), {});
  const PublishOutcome outcome = s.publish(3);
  EXPECT_EQ(outcome.receivers, 1U);
  EXPECT_EQ(outcome.missed, 1U);
  EXPECT_EQ(s.sent(), "A1 B1 B2 B3");
  EXPECT_EQ(s.book.counts(kA).missed, 2U);
  EXPECT_EQ(s.book.waiting(), 0U);
}

TEST(BookLatest, GetsTheNewestThatWasPublishedBeforeItAsked) {
  Stream s;
  s.book.open(kA, latest(), {});
  EXPECT_EQ(s.publish(3).receivers, 1U) << "it is kept for it";
  EXPECT_EQ(s.sent(), "");
  EXPECT_FALSE(s.held(1));
  EXPECT_FALSE(s.held(2));
  EXPECT_TRUE(s.held(3));
  s.want(kA);
  EXPECT_EQ(s.sent(), "A3+2");
  EXPECT_EQ(s.book.counts(kA).missed, 2U);
}

TEST(BookLatest, GetsTheNextOneWhenNoneIsKept) {
  Stream s;
  s.book.open(kA, latest({1, 1}, Lane::Inline), {});
  s.want(kA);
  EXPECT_EQ(s.sent(), "");
  EXPECT_FALSE(s.book.needs_slot());
  s.publish(2);
  EXPECT_EQ(s.sent(), "A1") << "it asked for one";
}

TEST(BookLatest, WhatItAskedForIsKeptUntilItHasRoom) {
  Stream s;
  s.book.open(kA, latest({1, 1}), {});
  s.want(kA);
  s.publish();
  s.want(kA);  // without having taken the first
  EXPECT_TRUE(s.book.needs_slot());
  s.publish(2);
  EXPECT_EQ(s.sent(), "A1");
  s.take(kA, 1);
  EXPECT_EQ(s.sent(), "A3+1");
}

TEST(BookLatest, KeepsNothingForWhoIsGone) {
  Stream s;
  s.book.open(kA, latest(), {});
  s.publish();
  s.book.close(kA);
  EXPECT_FALSE(s.held(1));
  EXPECT_FALSE(s.book.needs_slot());
}

TEST(BookLatest, OnlyWhoDidNotAskMakesAPublisherKeep) {
  Stream s;
  s.book.open(kA, block({1, 1}, Lane::Inline), {});
  EXPECT_FALSE(s.book.needs_slot());
  s.book.open(kB, latest({1, 1}, Lane::Inline), {});
  EXPECT_TRUE(s.book.needs_slot());
  s.want(kB);
  EXPECT_FALSE(s.book.needs_slot());
}

TEST(BookNeedsSlot, ForASessionThatReadsFromSlots) {
  Stream s;
  s.book.open(kA, block({1, 1}, Lane::Inline), {});
  EXPECT_FALSE(s.book.needs_slot());
  s.book.open(kB, block({1, 1}, Lane::SharedMemory), {});
  EXPECT_TRUE(s.book.needs_slot());
  const std::uint64_t held[] = {1};
  s.publish();
  s.book.leave(kB, held);
  EXPECT_FALSE(s.book.needs_slot()) << "it gets nothing more";
}

}  // namespace
}  // namespace arraywire::transport::testing
