#include "consumer/source_gaps.hpp"
#include "producer/pacer.hpp"

#include <gtest/gtest.h>

namespace arraywire {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using Time = producer::Pacer::Clock::time_point;

TEST(Pacer, DeadlinesDoNotDrift) {
  producer::Pacer pacer(60);
  const Time start{seconds{100}};
  Time due = pacer.next(start);
  // Every frame is asked for a little late, as real programs do.
  for (int frame = 1; frame <= 60 * 3600; ++frame) due = pacer.next(due + milliseconds{3});
  EXPECT_EQ(due, start + seconds{3600});
}

TEST(Pacer, ALateFrameIsMadeUpForAndALongPauseIsNot) {
  producer::Pacer pacer(10);
  const Time start{seconds{100}};
  EXPECT_EQ(pacer.next(start), start);
  EXPECT_EQ(pacer.next(start + milliseconds{500}), start + milliseconds{100});
  EXPECT_EQ(pacer.next(start + milliseconds{500}), start + milliseconds{200});
  EXPECT_EQ(pacer.next(start + seconds{30}), start + seconds{30});
  EXPECT_EQ(pacer.next(start + seconds{30}), start + seconds{30} + milliseconds{100});
}

MessageInfo message(std::uint64_t frame_id, std::uint64_t sequence, bool gap = false) {
  MessageInfo info;
  info.frame_id = frame_id;
  info.sequence = sequence;
  info.gap_before = gap;
  return info;
}

TEST(SourceGaps, AreLossesBeforeThePublisherOnly) {
  consumer::SourceGaps gaps;
  gaps.see(message(10, 1));
  gaps.see(message(11, 2));
  gaps.see(message(15, 6));  // three were missed between the publisher and us
  EXPECT_EQ(gaps.count(), 0u);
  gaps.see(message(17, 7));
  gaps.see(message(30, 9));
  EXPECT_EQ(gaps.count(), 2u);
}

TEST(SourceGaps, OtherOrdersAndEpochsAreNone) {
  consumer::SourceGaps gaps;
  gaps.see(message(10, 5));
  gaps.see(message(8, 3));  // distributed: out of order
  gaps.see(message(12, 7));
  gaps.see(message(500, 1));  // a new epoch
  gaps.see(message(900, 2, true));
  gaps.see(message(3, 3));  // the camera started again
  gaps.see(MessageInfo{});  // no number at all
  gaps.new_stream();
  gaps.see(message(1000, 4));
  EXPECT_EQ(gaps.count(), 0u);
}

}  // namespace
}  // namespace arraywire
