#include "api/stream_pair.hpp"

#include <algorithm>
#include <cstring>

namespace arraywire::testing {
namespace {

class LoanTest : public StreamPair {};

TEST_F(LoanTest, BadSpecsAreRefused) {
  Publisher publisher(context, "stream");
  EXPECT_THROW(static_cast<void>(publisher.loan(std::span<const ArraySpec>{})), Error);
  EXPECT_THROW(static_cast<void>(publisher.loan({.dtype = DType::UInt8, .shape = {-1}})), Error);
  const std::vector<ArraySpec> many(kMaxArrays + 1, bytes_spec(1));
  EXPECT_THROW(static_cast<void>(publisher.loan(many)), Error);
}

TEST_F(LoanTest, AnEmptyLoanCannotBePublished) {
  Publisher publisher(context, "stream");
  Loan loan = std::move(*publisher.loan(bytes_spec(10)));
  Loan moved = std::move(loan);
  EXPECT_THROW(static_cast<void>(publisher.publish(std::move(loan))),
               Error);  // NOLINT(bugprone-use-after-move): that is the test
  EXPECT_THROW(static_cast<void>(loan.array()), Error);
  ASSERT_TRUE(publisher.publish(std::move(moved)));
  EXPECT_FALSE(moved);  // NOLINT(bugprone-use-after-move): published is empty
}

TEST_F(LoanTest, RespecPublishesLessThanWasLoaned) {
  Publisher publisher(context, "stream");
  Subscriber subscriber(context, "stream");
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  auto loan = publisher.loan({.dtype = DType::UInt16, .shape = {100, 100}});
  ASSERT_TRUE(loan);
  const ArraySpec cropped{.dtype = DType::UInt16, .shape = {10, 20}};
  loan->respec(0, cropped);
  EXPECT_THROW(loan->respec(0, {.dtype = DType::UInt16, .shape = {101, 100}}), Error);
  std::memset(loan->array().bytes().data(), 9, loan->array().bytes().size());
  ASSERT_TRUE(publisher.publish(std::move(*loan)));
  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->array().spec(), cropped);
  EXPECT_EQ(sample->array().bytes()[399], std::byte{9});
}

TEST_F(LoanTest, APoolAtItsLimitSaysSoAndRecoversAtTheFirstReturn) {
  Publisher publisher(context, "stream", {.max_memory_bytes = 4 << 20});
  std::vector<Loan> loans;
  for (;;) {
    auto loan = publisher.loan(bytes_spec(1 << 20));
    if (!loan) {
      EXPECT_EQ(loan.error(), LoanError::Exhausted);
      break;
    }
    loans.push_back(std::move(*loan));
  }
  EXPECT_GE(loans.size(), 3U);
  EXPECT_EQ(publisher.loan(bytes_spec(1 << 20), 5ms).error(), LoanError::Exhausted);
  loans.pop_back();
  EXPECT_TRUE(publisher.loan(bytes_spec(1 << 20)));
  EXPECT_EQ(publisher.loan(bytes_spec(5 << 20), kForever).error(), LoanError::TooLarge) << "no waiting would help";
}

TEST_F(LoanTest, ReservedSlotsKeepTheirAddresses) {
  Publisher publisher(context, "stream");
  const ArraySpec spec{.dtype = DType::UInt16, .shape = {480, 640}};
  publisher.reserve(std::span(&spec, 1), 3);
  const auto addresses = [&] {
    std::vector<Loan> loans;
    std::vector<const void*> found;
    for (int i = 0; i < 3; ++i) {
      loans.push_back(std::move(*publisher.loan(spec)));
      found.push_back(loans.back().array().bytes().data());
    }
    std::sort(found.begin(), found.end());
    return found;
  };
  const auto before = addresses();
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(publisher.publish(std::move(*publisher.loan(bytes_spec(3'000'000)))));
  EXPECT_EQ(addresses(), before);
}

TEST_F(LoanTest, PublishingWithoutSubscribersGivesTheSlotBackAtOnce) {
  Publisher publisher(context, "stream");
  for (std::uint64_t i = 0; i < 50; ++i) {
    const auto published = publish_value(publisher, i, 1'000'000);
    ASSERT_TRUE(published);
    EXPECT_EQ(published->receivers, 0U);
  }
  EXPECT_EQ(publisher.statistics().slots, 1U);
}

TEST_F(LoanTest, APinnedSlotIsNobodyElsesAfterPublish) {
  Publisher publisher(context, "stream", {.max_memory_bytes = 1 << 20});
  Loan loan = std::move(*publisher.loan(bytes_spec(1 << 20)));
  const auto bytes = loan.array().bytes();
  std::ranges::fill(bytes, std::byte{7});
  auto pin = loan.pin();
  ASSERT_TRUE(publisher.publish(std::move(loan)));
  EXPECT_EQ(publisher.loan(bytes_spec(1 << 20)).error(), LoanError::Exhausted);
  EXPECT_TRUE(std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{7}; }));
  EXPECT_THROW(static_cast<void>(loan.pin()), Error);  // NOLINT(bugprone-use-after-move): published is empty
  pin.reset();
  EXPECT_TRUE(publisher.loan(bytes_spec(1 << 20)));
}

}  // namespace
}  // namespace arraywire::testing
