// Metadata that cannot be sent: said by an exception on the caller's thread, with nothing half done.
#include "faults/scene.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace faults {
namespace {

using namespace arraywire;

Metadata unsendable() {
  Metadata metadata;
  metadata.attributes.set("text", "\xff is not UTF-8");
  return metadata;
}

TEST(UnsendableMetadata, LeavesBorrowedMemoryWithTheCallerAndTheNextMessageWhole) {
  const RuntimeDirectory directory;
  std::atomic<int> freed{0};
  std::vector<std::byte> bytes(1000);
  {
    Context context({.runtime_directory = directory.path()});
    Publisher publisher(context, "faults");
    Subscriber subscriber(context, "faults");
    ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
    Borrowed borrowed(view_of(std::span<const std::byte>(bytes), {1000}),
                      {[](void* hint) noexcept { ++*static_cast<std::atomic<int>*>(hint); }, &freed});
    EXPECT_THROW(static_cast<void>(publisher.publish(std::move(borrowed), unsendable())), Error);
    EXPECT_EQ(freed, 0);
    ASSERT_TRUE(publisher.publish(std::move(borrowed)).has_value());
    const Sample sample = subscriber.take(kWatchdog).value();
    EXPECT_EQ(sample.size(), 1U);
    EXPECT_TRUE(eventually([&] { return freed == 1; }));
  }
  EXPECT_EQ(freed, 1);
}

TEST(UnsendableMetadata, LeavesTheLoanWithTheCaller) {
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  Publisher publisher(context, "faults");
  Loan loan = publisher.loan(bytes_spec(1000)).value();
  EXPECT_THROW(static_cast<void>(publisher.publish(std::move(loan), unsendable())), Error);
  ASSERT_TRUE(static_cast<bool>(loan));
  EXPECT_EQ(publisher.publish(std::move(loan)).value().sequence, 1U);
}

TEST(UnsendableMetadata, OfAStreamIsRefusedWhenThePublisherStarts) {
  const RuntimeDirectory directory;
  Context context({.runtime_directory = directory.path()});
  EXPECT_THROW(Publisher(context, "faults", {.metadata = unsendable()}), Error);
  const Publisher publisher(context, "faults");  // the name is free
}

}  // namespace
}  // namespace faults
