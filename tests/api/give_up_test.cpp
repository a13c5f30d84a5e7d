// PublisherOptions::give_up ends each wait of a publisher as its limit would.
#include "api/stream_pair.hpp"

#include <atomic>

namespace arraywire::testing {
namespace {

class GiveUp : public StreamPair {
 public:
  PublisherOptions options() {
    auto o = publisher_options();
    o.block_limit = kForever;
    o.give_up = [this] { return ++asked > 2; };
    return o;
  }

  std::atomic<int> asked{0};
};

TEST_F(GiveUp, EndsTheWaitForSubscribers) {
  Publisher publisher(context, "stream", options());
  EXPECT_FALSE(publisher.wait_for_subscribers(1));
  EXPECT_EQ(asked, 3);
}

TEST_F(GiveUp, EndsPublishAndTheMessageCountsAsMissed) {
  Publisher publisher(context, "stream", options());
  Subscriber slow(context, source(publisher), {.when_full = WhenFull::Block, .queue = 1, .hold = 1});
  while (!publisher.wait_for_subscribers(1)) asked = 0;
  asked = 0;
  ASSERT_TRUE(publish_value(publisher, 1));
  EXPECT_EQ(asked, 0) << "nobody had to be waited for";
  const auto published = publish_value(publisher, 2);
  ASSERT_TRUE(published);
  EXPECT_EQ(published->missed, 1U);
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE(eventually([&] { return events.count(EventKind::Waived) == 1; }));
}

TEST_F(GiveUp, EndsFinish) {
  Publisher publisher(context, "stream", options());
  Subscriber slow(context, source(publisher));
  while (!publisher.wait_for_subscribers(1)) asked = 0;
  ASSERT_TRUE(publish_value(publisher, 1));
  asked = 0;
  EXPECT_FALSE(publisher.finish(kForever).complete);
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace arraywire::testing
