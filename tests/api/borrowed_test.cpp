#include "api/stream_pair.hpp"

#include <atomic>
#include <numeric>
#include <thread>

namespace arraywire::testing {
namespace {

class BorrowedTest : public StreamPair {
 public:
  FreeCallback counting() {
    return {[](void* hint) noexcept { static_cast<std::atomic<int>*>(hint)->fetch_add(1); }, &freed};
  }
  Borrowed lend() {
    return {view_of(std::span<const std::uint8_t>(bytes), {static_cast<std::int64_t>(bytes.size())}), counting()};
  }

  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(100'000, 7);
  std::atomic<int> freed{0};
};

TEST_F(BorrowedTest, TheCallbackRunsWhenNobodyTookTheMemoryOver) {
  { const Borrowed unused = lend(); }
  EXPECT_EQ(freed, 1);
  Borrowed a = lend();
  const Borrowed b = std::move(a);
  EXPECT_EQ(freed, 1);
}

TEST_F(BorrowedTest, TheCallbackRunsOnceWithoutSubscribers) {
  Publisher publisher(context, "stream");
  ASSERT_TRUE(publisher.publish(lend()));
  EXPECT_TRUE(eventually([&] { return freed == 1; }));
}

TEST_F(BorrowedTest, AFailedPublishLeavesTheMemoryWithTheCaller) {
  Publisher publisher(context, "stream", {.delivery = Delivery::Distribute, .block_limit = 1ms});
  Borrowed borrowed = lend();
  EXPECT_EQ(publisher.publish(std::move(borrowed)).error(), PublishError::NoTaker);
  EXPECT_EQ(freed, 0);
  Subscriber subscriber(context, "stream");
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  ASSERT_TRUE(publisher.publish(std::move(borrowed)));  // NOLINT(bugprone-use-after-move): failure left it
  ASSERT_TRUE(subscriber.take(kWatchdog));
  EXPECT_TRUE(publisher.finish(kWatchdog).complete);
  EXPECT_TRUE(eventually([&] { return freed == 1; }));
}

TEST_F(BorrowedTest, MemoryThatWouldHaveToBeKeptIsCopiedOnceAndGivenBack) {
  Publisher publisher(context, "stream", {.history = 2});
  const auto published = publisher.publish(lend());
  ASSERT_TRUE(published);
  EXPECT_EQ(published->copies, 1U);
  EXPECT_EQ(freed, 1) << "camera SDKs have few buffers";
  EXPECT_EQ(publisher.statistics().copies, 1U);
  std::fill(bytes.begin(), bytes.end(), std::uint8_t{0});
  Subscriber subscriber(context, "stream");
  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->array().bytes()[0], std::byte{7});
}

TEST_F(BorrowedTest, ThePublisherSaysBeforehandWhetherItWouldCopy) {
  EXPECT_TRUE(Publisher(context, "kept", {.history = 1}).copies_borrowed());
  Publisher publisher(context, "stream");
  EXPECT_FALSE(publisher.copies_borrowed()) << "nobody is there";
  const Subscriber inline_one(context, "stream", {.lane = LaneChoice::Inline});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  EXPECT_FALSE(publisher.copies_borrowed());
  EXPECT_EQ(publisher.publish(lend()).value().copies, 0U);
  {
    const Subscriber shared(context, "stream", {.lane = LaneChoice::SharedMemory});
    ASSERT_TRUE(publisher.wait_for_subscribers(2, kWatchdog));
    EXPECT_TRUE(publisher.copies_borrowed());
    EXPECT_EQ(publisher.publish(lend()).value().copies, 1U);
  }
  EXPECT_TRUE(eventually([&] { return !publisher.copies_borrowed(); })) << "it left";
}

TEST_F(BorrowedTest, SeveralArraysTravelInOneMessage) {
  Publisher publisher(context, "stream");
  Subscriber subscriber(context, "stream");
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  std::vector<Borrowed> arrays;
  for (int i = 0; i < 3; ++i) arrays.push_back(lend());
  ASSERT_TRUE(publisher.publish(arrays));
  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->size(), 3U);
  EXPECT_TRUE(eventually([&] { return freed == 3; }));
  EXPECT_THROW(static_cast<void>(publisher.publish(std::span<Borrowed>{})), Error);
}

TEST_F(BorrowedTest, AnAdoptedVectorDiesWhenItIsNotNeeded) {
  Publisher publisher(context, "stream");
  Subscriber subscriber(context, "stream");
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  std::vector<std::int32_t> values(1000);
  std::iota(values.begin(), values.end(), 0);
  const std::int32_t* address = values.data();
  Borrowed adopted = adopt(std::move(values));
  EXPECT_EQ(adopted.view().data<std::int32_t>(), address) << "not copied";
  ASSERT_TRUE(publisher.publish(std::move(adopted)));
  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->array().values<std::int32_t>()[999], 999);
}

TEST_F(BorrowedTest, EveryCallbackHasRunWhenTheContextIsGone) {
  {
    Context own({.runtime_directory = directory.path()});
    Publisher publisher(own, "own", {.linger = 0ns});
    Subscriber idle(own, "own", {.queue = 50});
    ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(publisher.publish(lend()));
  }
  EXPECT_EQ(freed, 50);
}

}  // namespace
}  // namespace arraywire::testing
