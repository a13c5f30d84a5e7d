#include "arraywire/adapt/xtensor.hpp"

#include "api/stream_pair.hpp"

#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>

namespace arraywire::testing {
namespace {

class XtensorTest : public StreamPair {};

TEST_F(XtensorTest, ALoanIsFilledInPlaceAndASampleReadInPlace) {
  Publisher publisher(context, "stream");
  Subscriber subscriber(context, "stream");
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  auto loan = publisher.loan({.dtype = DType::Float32, .shape = {4, 5, 3}});
  ASSERT_TRUE(loan);
  auto image = as_xtensor<float, 3>(loan->array());
  xt::noalias(image) = xt::arange<float>(60).reshape({4, 5, 3}) * 2.0F;
  EXPECT_EQ(image.data(), loan->array().data<float>());
  ASSERT_TRUE(publisher.publish(std::move(*loan)));
  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  const auto fixed = as_xtensor<float, 3>(sample->array());
  const auto dynamic = as_xtensor<float>(sample->array());
  static_assert(std::is_same_v<decltype(fixed(0, 0, 0)), const float&>, "a sample is read-only");
  EXPECT_EQ(fixed(3, 4, 2), 118.0F);
  EXPECT_EQ(dynamic.dimension(), 3U);
  EXPECT_EQ(dynamic(3, 4, 2), 118.0F);
  EXPECT_EQ(static_cast<const void*>(fixed.data()), sample->array().bytes().data());
}

TEST_F(XtensorTest, AnotherDtypeOrRankIsRefused) {
  Publisher publisher(context, "stream");
  const auto loan = publisher.loan({.dtype = DType::Float32, .shape = {4, 5}});
  ASSERT_TRUE(loan);
  EXPECT_THROW((as_xtensor<double, 2>(loan->array())), Error);
  EXPECT_THROW((as_xtensor<float, 3>(loan->array())), Error);
  EXPECT_THROW((as_xtensor<float, 3>(*loan)), Error);
  EXPECT_THROW((as_xtensor<float, 2>(*loan, 1)), Error);
  EXPECT_THROW((as_xtensor_strided<float, 3>(loan->array())), Error);
}

TEST_F(XtensorTest, WhatIsMadeOfASampleKeepsIt) {
  Publisher publisher(context, "stream");
  Subscriber subscriber(context, "stream", {.lane = LaneChoice::Inline});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  auto loan = publisher.loan({.dtype = DType::Float32, .shape = {4, 5}});
  ASSERT_TRUE(loan);
  as_xtensor<float, 2>(*loan).fill(1.5F);
  ASSERT_TRUE(publisher.publish(std::move(*loan)));
  auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_THROW((as_xtensor<float, 3>(std::move(*sample))), Error);
  ASSERT_TRUE(*sample) << "on Error it stays with the caller";  // NOLINT(bugprone-use-after-move)
  {
    const auto image = as_xtensor<float, 2>(std::move(*sample));
    static_assert(std::is_same_v<decltype(image(0, 0)), const float&>, "a sample is read-only");
    EXPECT_FALSE(*sample);  // NOLINT(bugprone-use-after-move): it says that it is empty
    const auto copy = image;
    EXPECT_EQ(copy(3, 4), 1.5F);
    EXPECT_EQ(subscriber.status().unreleased, 1U);
  }
  EXPECT_EQ(subscriber.status().unreleased, 0U);
}

TEST_F(XtensorTest, ALoansSlotIsNobodyElsesWhileItsViewIsThere) {
  Publisher publisher(context, "stream");
  const ArraySpec spec{.dtype = DType::Float32, .shape = {4, 5}};
  auto loan = publisher.loan(spec);
  ASSERT_TRUE(loan);
  const auto image = as_xtensor<float>(*loan);
  ASSERT_TRUE(publisher.publish(std::move(*loan)));  // to nobody
  for (int i = 0; i < 4; ++i) {
    const auto other = publisher.loan(spec);
    ASSERT_TRUE(other);
    EXPECT_NE(other->array().data<float>(), image.data());
  }
}

TEST_F(XtensorTest, PaddedRowsAndFortranOrderAreViewedInPlace) {
  std::vector<std::uint16_t> memory(64);
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<std::uint16_t>(i);
  const ArrayView padded({.dtype = DType::UInt16, .shape = {4, 10}, .stride_bytes = {32, 2}},
                         std::as_writable_bytes(std::span(memory)));
  auto rows = as_xtensor_strided<std::uint16_t, 2>(padded);
  EXPECT_EQ(rows(2, 3), 35);
  rows(2, 3) = 1000;
  EXPECT_EQ(memory[35], 1000);
  const ArrayView fortran({.dtype = DType::UInt16, .shape = {4, 10}, .stride_bytes = {2, 8}},
                          std::as_writable_bytes(std::span(memory)));
  EXPECT_EQ(as_xtensor_strided<std::uint16_t>(fortran)(1, 5), 21);
}

TEST_F(XtensorTest, AMovedInContainerIsPublishedWithoutACopy) {
  Publisher publisher(context, "stream");
  Subscriber subscriber(context, "stream");
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  xt::xtensor<double, 2> frame = xt::arange<double>(24).reshape({4, 6});
  const double* address = frame.data();
  Borrowed adopted = adopt(std::move(frame));
  EXPECT_EQ(adopted.view().data<double>(), address);
  ASSERT_TRUE(publisher.publish(std::move(adopted)));
  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_EQ((as_xtensor<double, 2>(sample->array())(3, 5)), 23.0);
  xt::xarray<int> dynamic = xt::ones<int>({2, 3, 4});
  EXPECT_EQ(adopt(std::move(dynamic)).view().shape(), (Extents{2, 3, 4}));
}

}  // namespace
}  // namespace arraywire::testing
