// Publishing and taking a message of the shape of the one before allocates nothing in our code.
#include "api/stream_pair.hpp"
#include "sanitized.hpp"

#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string_view>

namespace {

std::atomic<bool> counting{false};
std::atomic<std::size_t> allocations{0};

// libzmq allocates for every message that it makes, and it uses the operator new of this program too.
bool called_from_libzmq(const void* caller) {
  Dl_info info{};
  return ::dladdr(caller, &info) != 0 && info.dli_fname != nullptr &&
         std::string_view(info.dli_fname).find("libzmq") != std::string_view::npos;
}

void* allocate(std::size_t bytes, const void* caller) {
  if (counting && !called_from_libzmq(caller)) ++allocations;
  if (void* p = std::malloc(bytes == 0 ? 1 : bytes)) return p;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes, __builtin_return_address(0)); }
void* operator new[](std::size_t bytes) { return allocate(bytes, __builtin_return_address(0)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return std::malloc(bytes == 0 ? 1 : bytes); }  // libzmq's
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }

namespace arraywire::testing {
namespace {

class SteadyState : public StreamPair {
 public:
  // On all threads: the application's, the service's and zmq's.
  template <class Round> std::size_t allocations_of(Round round) {
    for (std::uint64_t i = 1; i <= 600; ++i) round(i);
    allocations = 0;
    counting = true;
    for (std::uint64_t i = 1; i <= 500; ++i) round(i);
    counting = false;
    return allocations;
  }
};

// Everything that the session may have at once: what is needed for that is allocated now.
template <class Publish> void fill_up(Subscriber& subscriber, Publish publish) {
  std::vector<Sample> held;
  while (held.size() < SubscriberOptions{}.hold) {
    publish();
    held.push_back(subscriber.take(kWatchdog).value());
  }
  for (std::uint32_t i = 0; i < SubscriberOptions{}.queue; ++i) publish();
  held.clear();
  while (subscriber.take(100ms)) continue;
}

TEST_F(SteadyState, TheCounterCounts) {
  const auto round = [](std::uint64_t i) { EXPECT_EQ(std::vector<std::uint64_t>(10, i).back(), i); };
  EXPECT_GE(allocations_of(round), 500U);
}

TEST_F(SteadyState, ALoanFilledPublishedTakenAndReleasedAllocatesNothing) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer allocates, too";
  Publisher publisher(context, "stream", {.block_limit = kWatchdog, .checksum = true});
  Subscriber subscriber(context, "stream");
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  Metadata metadata;
  metadata.frame_id = 0;
  metadata.attributes.set("exposure", 0.1);
  metadata.attributes.set("filter", "a name that is longer than a small string");
  metadata.arrays = {
      {.name = "image", .dimension_names = {"y", "x"}, .channel_names = {"R", "G", "B"}, .colour_space = "ACEScg"}};
  const ArraySpec spec{.dtype = DType::UInt16, .shape = {64, 64}};
  publisher.reserve(std::span(&spec, 1), 16);  // as many as may be in flight
  const auto round = [&](std::uint64_t i) {
    *metadata.frame_id = i;
    auto loan = publisher.loan(spec, kWatchdog);
    ASSERT_TRUE(loan);
    ASSERT_TRUE(publisher.publish(std::move(*loan), metadata));
    const auto sample = subscriber.take(kWatchdog);
    ASSERT_TRUE(sample);
    ASSERT_EQ(sample->info().frame_id, i);
  };
  fill_up(subscriber, [&] { ASSERT_TRUE(publisher.publish(publisher.loan(spec, kWatchdog).value(), metadata)); });
  EXPECT_EQ(allocations_of(round), 0U);
}

TEST_F(SteadyState, BorrowedMemoryAllocatesNothing) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer allocates, too";
  Publisher publisher(context, "stream", {.block_limit = kWatchdog});
  Subscriber subscriber(context, "stream");
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  std::vector<std::uint8_t> bytes(10'000);
  const ConstArrayView view = view_of(std::span<const std::uint8_t>(bytes), {100, 100});
  publisher.reserve(std::span(&view.spec(), 1), 16);  // copies, on the shared-memory lane, and the consumer may be behind
  std::atomic<std::uint64_t> freed{0};
  const FreeCallback callback{[](void* hint) noexcept { ++*static_cast<std::atomic<std::uint64_t>*>(hint); }, &freed};
  std::uint64_t lent = 0;
  const auto round = [&](std::uint64_t) {
    ASSERT_TRUE(publisher.publish(Borrowed(view, callback)));
    ASSERT_TRUE(subscriber.take(kWatchdog));
    ASSERT_TRUE(eventually([&, wanted = ++lent] { return freed == wanted; }));  // or the next one would need another block
  };
  fill_up(subscriber, [&] {
    ASSERT_TRUE(publisher.publish(Borrowed(view, callback)));
    ++lent;
  });
  EXPECT_EQ(allocations_of(round), 0U);
}

TEST_F(SteadyState, LatestAndHistoryAllocateNothing) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer allocates, too";
  Publisher publisher(context, "stream", {.history = 4, .block_limit = kWatchdog});
  Subscriber subscriber(context, "stream", {.when_full = WhenFull::Latest});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  const ArraySpec spec = bytes_spec(64);
  publisher.reserve(std::span(&spec, 1), 16);  // as many as may be in flight
  const auto round = [&](std::uint64_t i) {
    ASSERT_TRUE(publish_value(publisher, i));
    ASSERT_TRUE(publish_value(publisher, i));
    ASSERT_TRUE(subscriber.take(kWatchdog));
  };
  EXPECT_EQ(allocations_of(round), 0U);
}

}  // namespace
}  // namespace arraywire::testing
