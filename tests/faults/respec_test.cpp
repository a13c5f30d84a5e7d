// Resolution and dtype change from message to message, up and down, under load.
#include "faults/pattern.hpp"
#include "faults/scene.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <thread>
#include <vector>

namespace faults {
namespace {

using namespace arraywire;

const std::array<ArraySpec, 9> kSpecs{{
    {.dtype = DType::UInt16, .shape = {2160, 3840, 3}},
    {.dtype = DType::UInt8, .shape = {480, 640}},
    {.dtype = DType::Float32, .shape = {1080, 1920}},
    {.dtype = DType::Float64, .shape = {}},
    {.dtype = DType::UInt16, .shape = {1080, 1920, 3}, .stride_bytes = {11'776, 6, 2}},
    {.dtype = DType::Complex64, .shape = {512, 512}},
    {.dtype = DType::Bool, .shape = {0, 17}},
    {.dtype = DType::Float16, .shape = {2160, 4096}},
    {.dtype = DType::Int64, .shape = {3}},
}};

void publish_spec(Publisher& publisher, const ArraySpec& spec, std::uint64_t id) {
  auto loan = publisher.loan(spec, kWatchdog);
  ASSERT_TRUE(loan.has_value());
  fill(loan->array().bytes(), id);
  Metadata metadata;
  metadata.frame_id = id;
  ASSERT_TRUE(publisher.publish(std::move(*loan), metadata).has_value());
}

// Takes everything, holding the last three, and checks them when they come and when they go.
class Checking {
 public:
  explicit Checking(Subscriber& subscriber) : thread_([this, &subscriber] { run(subscriber); }) {}
  std::uint64_t good() {
    thread_.join();
    return good_;
  }

 private:
  static bool fits(const Sample& sample) {
    return intact(sample) && sample.array().spec() == kSpecs[*sample.info().frame_id % kSpecs.size()];
  }
  void run(Subscriber& subscriber) {
    std::deque<Sample> held;
    while (auto sample = subscriber.take(kWatchdog)) {
      if (!fits(*sample)) continue;
      held.push_back(std::move(*sample));
      if (held.size() == 3) drop_oldest(held);
    }
    while (!held.empty()) drop_oldest(held);
  }
  void drop_oldest(std::deque<Sample>& held) {
    good_ += fits(held.front()) ? 1 : 0;
    held.pop_front();
  }

  std::uint64_t good_ = 0;
  std::thread thread_;
};

class Respec : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Over, Respec, every_way(), WayName{});

TEST_P(Respec, EveryViewIsThatOfItsOwnMessageAndOldSlotsAreGivenBack) {
  constexpr std::uint64_t kMessages = 180;
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults", options_over(GetParam(), {.block_limit = kWatchdog}));
  Subscriber first(context, source_of(GetParam(), publisher), {.when_full = WhenFull::Block});
  Subscriber second(context, source_of(GetParam(), publisher), {.when_full = WhenFull::Block, .queue = 1});
  ASSERT_TRUE(publisher.wait_for_subscribers(2, kWatchdog));
  Checking first_checking(first), second_checking(second);
  for (std::uint64_t id = 1; id <= kMessages; ++id) publish_spec(publisher, kSpecs[id % kSpecs.size()], id);
  EXPECT_GT(publisher.statistics().pool_bytes, kFrameBytes);

  const std::uint64_t small = kSpecs.size() - 1;  // from here on 24 bytes each
  std::uint64_t more = 0;
  const bool came_down = eventually([&] {
    publish_spec(publisher, kSpecs[small], kMessages + small + more++ * kSpecs.size());
    return publisher.statistics().pool_bytes < kFrameBytes / 10;
  });
  EXPECT_TRUE(came_down);
  // Each is mapped by the publisher, and over shared memory by either subscriber too: what was retired is unmapped there.
  const std::size_t mappings_of_each = GetParam() == Way::SharedMemory ? 3 : 1;
  EXPECT_TRUE(eventually([&] { return slot_mappings(::getpid()) == mappings_of_each * publisher.statistics().slots; }))
      << slot_mappings(::getpid()) << " mappings of " << publisher.statistics().slots << " slots";
  EXPECT_TRUE(publisher.finish(kWatchdog).complete);
  EXPECT_EQ(first_checking.good(), kMessages + more);
  EXPECT_EQ(second_checking.good(), kMessages + more);
}

// No room for slots of both sizes: each change waits until the subscribers have unmapped those of the other.
TEST_P(Respec, InAPoolThatHoldsSlotsOfOneSizeOnlyWaitsForThemToBeGivenBack) {
  constexpr std::int64_t kMiB = 1 << 20;
  const std::array<ArraySpec, 2> sizes{
      {{.dtype = DType::UInt8, .shape = {kMiB}}, {.dtype = DType::UInt16, .shape = {3 * kMiB / 2}}}};
  constexpr std::uint64_t kMessages = 300;
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults",
                      options_over(GetParam(), {.block_limit = kWatchdog, .max_memory_bytes = std::size_t{4 * kMiB}}));
  std::array<Subscriber, 2> subscribers{
      Subscriber(context, source_of(GetParam(), publisher), {.when_full = WhenFull::Block, .queue = 1, .hold = 1}),
      Subscriber(context, source_of(GetParam(), publisher), {.when_full = WhenFull::Block, .queue = 2, .hold = 1})};
  ASSERT_TRUE(publisher.wait_for_subscribers(2, kWatchdog));
  std::array<std::uint64_t, 2> good{};
  std::vector<std::thread> taking;
  for (std::size_t i = 0; i < 2; ++i) {
    taking.emplace_back([&, i] {
      while (auto sample = subscribers[i].take(kWatchdog)) {
        const std::uint64_t id = *sample->info().frame_id;
        good[i] +=
            intact(*sample) && sample->array().spec() == sizes[id / 4 % 2] && sample->lane() == lane_of(GetParam()) ? 1 : 0;
      }
    });
  }
  for (std::uint64_t id = 1; id <= kMessages; ++id) {
    publish_spec(publisher, sizes[id / 4 % 2], id);
    EXPECT_LE(publisher.statistics().pool_bytes, std::size_t{4 * kMiB});
  }
  EXPECT_TRUE(publisher.finish(kWatchdog).complete);
  for (std::thread& thread : taking) thread.join();
  EXPECT_EQ(good[0], kMessages);
  EXPECT_EQ(good[1], kMessages);
}

TEST_P(Respec, AHeldSampleKeepsItsBytesWhateverComesAfterIt) {
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults", options_over(GetParam(), {.block_limit = kWatchdog}));
  Subscriber subscriber(context, source_of(GetParam(), publisher), {.when_full = WhenFull::Block});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  publish_spec(publisher, kSpecs[0], 9);
  const Sample held = subscriber.take(kWatchdog).value();
  const ConstArrayView view = held.array();
  for (std::uint64_t id = 10; id < 40; ++id) {
    publish_spec(publisher, kSpecs[id % kSpecs.size()], id);
    ASSERT_TRUE(subscriber.take(kWatchdog).has_value());
  }
  EXPECT_EQ(view.spec(), kSpecs[0]);
  EXPECT_TRUE(matches(view.bytes(), 9));
}

}  // namespace
}  // namespace faults
