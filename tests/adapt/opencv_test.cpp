#include "arraywire/adapt/opencv.hpp"

#include "api/stream_pair.hpp"

#include <opencv2/core.hpp>

#include <concepts>
#include <type_traits>

namespace arraywire::testing {
namespace {

static_assert(std::is_same_v<decltype(as_mat(std::declval<const ArrayView&>())), const cv::Mat>);
static_assert(std::is_same_v<decltype(as_mat(std::declval<const ConstArrayView&>())), const cv::Mat>);
template <class T>
concept GivesArrays = requires(T owner) {
  as_mat(std::move(owner).array());
};
static_assert(!GivesArrays<Sample> && !GivesArrays<Loan>, "a Mat over a temporary would dangle");
template <class R>
concept ReachesThroughATemporary = requires(R (*give)()) {
  give()->array();
};
static_assert(!ReachesThroughATemporary<Result<Sample, TakeError>> && !ReachesThroughATemporary<Result<Loan, LoanError>>);

template <class M>
concept CanBeReallocated = requires(M& mat, const cv::Mat& other) {
  mat = other;
}
|| requires(M& mat) { mat.create(3, 3, CV_8U); }
|| requires(M& mat) { mat.push_back(1); };
static_assert(CanBeReallocated<cv::Mat>);

void fill(const cv::Mat& image, double value) { cv::Mat(image).setTo(cv::Scalar::all(value)); }

void* address(const ConstArrayView& view) { return const_cast<std::byte*>(view.bytes().data()); }

class OpenCvTest : public StreamPair {
 public:
  // What came of `spec`, filled by the test.
  template <class Fill> Sample sent(const ArraySpec& spec, Fill fill) {
    Publisher publisher(context, "stream");
    Subscriber subscriber(context, "stream");
    EXPECT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
    auto loan = publisher.loan(spec);
    const cv::Mat image = as_mat(loan->array());
    fill(image);
    EXPECT_TRUE(publisher.publish(std::move(*loan)));
    auto sample = subscriber.take(kWatchdog);
    EXPECT_TRUE(sample);
    return std::move(*sample);
  }
};

cv::Mat picture(int rows, int columns) {
  cv::Mat made(rows, columns, CV_16UC3);
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) made.at<cv::Vec3w>(y, x) = cv::Vec3w(static_cast<std::uint16_t>(y * 100 + x), 7, 9);
  }
  return made;
}

TEST_F(OpenCvTest, OpenCvWritesIntoALoanInPlaceAndReadsASampleInPlace) {
  const cv::Mat source = picture(20, 30);
  const Sample sample = sent({.dtype = DType::UInt16, .shape = {20, 30, 3}}, [&](const cv::Mat& image) {
    EXPECT_EQ(image.type(), CV_16UC3);
    const void* slot = image.data;
    cv::flip(source, image, 0);
    EXPECT_EQ(image.data, slot);
    cv::add(image, cv::Scalar(1, 1, 1), image);
    EXPECT_EQ(image.data, slot);
  });
  const cv::Mat image = as_mat(sample.array());
  EXPECT_EQ(image.data, address(sample.array()));
  EXPECT_EQ(image.at<cv::Vec3w>(0, 4), cv::Vec3w(1905, 8, 10));
}

TEST_F(OpenCvTest, ALoanIsWrittenInPlaceOrNotAtAll) {
  Publisher publisher(context, "stream");
  const auto loan = publisher.loan({.dtype = DType::UInt16, .shape = {20, 30, 3}});
  ASSERT_TRUE(loan);
  const cv::Mat image = as_mat(loan->array());
  fill(image, 5);
  EXPECT_THROW(cv::flip(picture(21, 30), image, 0), cv::Exception) << "another size";
  EXPECT_THROW(cv::transpose(picture(20, 30), image), cv::Exception) << "another shape";
  EXPECT_THROW(cv::extractChannel(picture(20, 30), image, 0), cv::Exception) << "another number of channels";
  EXPECT_THROW(picture(21, 30).copyTo(image), cv::Exception);
  static_assert(!CanBeReallocated<decltype(image)>);
  EXPECT_EQ(image.data, address(loan->array()));
  EXPECT_EQ(loan->array().values<std::uint16_t>()[0], 5);
  picture(20, 30).convertTo(image, CV_16U, 2.0);
  EXPECT_EQ(loan->array().values<std::uint16_t>()[3], 2) << "written in place";
}

TEST_F(OpenCvTest, ALoansSlotIsNobodyElsesWhileItsMatIsThere) {
  Publisher publisher(context, "stream");
  const ArraySpec spec{.dtype = DType::UInt16, .shape = {20, 30, 3}};
  auto loan = publisher.loan(spec);
  ASSERT_TRUE(loan);
  const cv::Mat image = as_mat(*loan);
  static_assert(!CanBeReallocated<decltype(image)>);
  EXPECT_THROW(cv::flip(picture(21, 30), image, 0), cv::Exception) << "another size";
  cv::flip(picture(20, 30), image, 0);
  EXPECT_EQ(image.data, address(loan->array()));
  ASSERT_TRUE(publisher.publish(std::move(*loan)));  // to nobody
  for (int i = 0; i < 4; ++i) {
    const auto other = publisher.loan(spec);
    ASSERT_TRUE(other);
    EXPECT_NE(address(other->array()), image.data);
  }
}

TEST_F(OpenCvTest, AnEmptyMatIsLent) { EXPECT_EQ(keep(cv::Mat(0, 5, CV_8U)).view().shape(), (Extents{0, 5})); }

TEST_F(OpenCvTest, ASampleIsKeptByTheLastMatThatSharesIt) {
  Publisher publisher(context, "stream");
  Subscriber subscriber(context, "stream");
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  auto loan = publisher.loan({.dtype = DType::Float32, .shape = {8, 16}});
  ASSERT_TRUE(loan);
  fill(as_mat(loan->array()), 2.5);
  ASSERT_TRUE(publisher.publish(std::move(*loan)));
  auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  const void* bytes = address(sample->array());
  cv::Mat row;
  {
    const cv::Mat image = as_mat(std::move(*sample));
    EXPECT_FALSE(*sample);  // NOLINT(bugprone-use-after-move): it says that it is empty
    EXPECT_EQ(image.data, bytes);
    const cv::Mat copy = image;
    row = copy.row(7);
  }
  EXPECT_EQ(subscriber.status().unreleased, 1U);
  EXPECT_EQ(row.at<float>(15), 2.5F);
  row.create(3, 3, CV_8U);  // its own memory from here on
  EXPECT_EQ(subscriber.status().unreleased, 0U);
  EXPECT_EQ(row.elemSize(), 1U);
}

TEST_F(OpenCvTest, AUMatKeepsTheSampleToo) {
  auto sample = std::make_shared<const Sample>(
      sent({.dtype = DType::Float32, .shape = {8, 16}}, [](const cv::Mat& image) { fill(image, 1.5); }));
  const std::weak_ptr<const Sample> alive = sample;
  {
    cv::UMat device;
    as_mat(std::move(sample)).getUMat(cv::ACCESS_READ).copyTo(device);
    EXPECT_TRUE(alive.expired());
    EXPECT_EQ(device.getMat(cv::ACCESS_READ).at<float>(7, 15), 1.5F);
  }
  sample = std::make_shared<const Sample>(
      sent({.dtype = DType::Float32, .shape = {8, 16}}, [](const cv::Mat& image) { fill(image, 1.5); }));
  const std::weak_ptr<const Sample> second = sample;
  {
    const cv::UMat shared = as_mat(std::move(sample)).getUMat(cv::ACCESS_READ);
    EXPECT_FALSE(second.expired());
  }
  EXPECT_TRUE(second.expired());
}

TEST_F(OpenCvTest, ARefusedSampleStaysWithTheCaller) {
  Publisher publisher(context, "stream");
  Subscriber subscriber(context, "stream");
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  ASSERT_TRUE(publisher.publish_copy(view_of(std::span<const std::int64_t>(std::vector<std::int64_t>(12)), {3, 4})));
  auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_THROW(as_mat(std::move(*sample)), Error);
  EXPECT_TRUE(*sample);  // NOLINT(bugprone-use-after-move): failure left it
  EXPECT_THROW(as_mat(std::move(*sample), 1), Error);
  EXPECT_TRUE(*sample);  // NOLINT(bugprone-use-after-move)
}

TEST_F(OpenCvTest, PaddedRowsAreViewedInPlace) {
  std::vector<std::uint8_t> memory(1024);
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<std::uint8_t>(i % 251);
  const ArrayView padded({.dtype = DType::UInt8, .shape = {4, 10, 3}, .stride_bytes = {64, 3, 1}},
                         std::as_writable_bytes(std::span(memory)));
  const cv::Mat image = as_mat(padded);
  EXPECT_EQ(image.step[0], 64U);
  EXPECT_FALSE(image.isContinuous());
  EXPECT_EQ(image.at<cv::Vec3b>(2, 3), cv::Vec3b(137, 138, 139));
  fill(image, 3);
  EXPECT_EQ(memory[3 * 64 + 29], 3);
  EXPECT_EQ(memory[3 * 64 + 30], (3 * 64 + 30) % 251) << "the gap is left alone";
  const ArrayView single({.dtype = DType::UInt8, .shape = {1, 10}, .stride_bytes = {1, 1}},
                         std::as_writable_bytes(std::span(memory)));
  EXPECT_EQ(as_mat(single).cols, 10) << "the stride of a single row means nothing";
}

TEST_F(OpenCvTest, WhatOpenCvCannotHoldIsRefusedByName) {
  std::vector<std::byte> memory(100'000);
  const auto refusal = [&](const ArraySpec& spec) -> std::string {
    try {
      as_mat(ArrayView(spec, memory));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::InvalidArgument);
      return error.what();
    }
    return "accepted";
  };
  for (const DType dtype :
       {DType::Bool, DType::UInt32, DType::UInt64, DType::Int64, DType::BFloat16, DType::Complex64, DType::Complex128}) {
    EXPECT_NE(refusal({.dtype = dtype, .shape = {4, 5}}).find("OpenCV has no " + std::string(name(dtype))), std::string::npos);
  }
  EXPECT_NE(refusal({.dtype = DType::UInt8, .shape = {4}}), "accepted");
  EXPECT_NE(refusal({.dtype = DType::UInt8, .shape = {2, 3, 4, 5}}), "accepted");
  EXPECT_NE(refusal({.dtype = DType::UInt8, .shape = {2, 3, 513}}), "accepted");
  EXPECT_NE(refusal({.dtype = DType::UInt8, .shape = {2, 3, 0}}), "accepted");
  EXPECT_NE(refusal({.dtype = DType::UInt8, .shape = {4, 10}, .stride_bytes = {1, 4}}), "accepted") << "Fortran order";
  EXPECT_NE(refusal({.dtype = DType::UInt8, .shape = {4, 10, 3}, .stride_bytes = {30, 1, 10}}), "accepted") << "planes in a row";
  EXPECT_NE(refusal({.dtype = DType::UInt8, .shape = {4, 10, 3}, .stride_bytes = {80, 6, 2}}), "accepted");
  EXPECT_EQ(refusal({.dtype = DType::UInt8, .shape = {0, 10, 512}}), "accepted") << "an empty one can be had";
}

TEST_F(OpenCvTest, EveryDepthThereIsGoesBothWays) {
  std::vector<std::byte> memory(4096);
  for (const DType dtype :
       {DType::UInt8, DType::Int8, DType::UInt16, DType::Int16, DType::Int32, DType::Float16, DType::Float32, DType::Float64}) {
    for (const Extents& shape : {Extents{4, 5}, Extents{4, 5, 3}}) {
      const ArraySpec spec{.dtype = dtype, .shape = shape};
      EXPECT_EQ(spec_of(as_mat(ArrayView(spec, memory))), spec) << to_string(spec);
    }
  }
  EXPECT_THROW(spec_of(cv::Mat({2, 3, 4}, CV_8U)), Error);
}

TEST_F(OpenCvTest, AMatIsPublishedWithoutACopyAndKeptMeanwhile) {
  Publisher publisher(context, "stream");
  Subscriber subscriber(context, "stream", {.lane = LaneChoice::Inline});
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  cv::Mat image = picture(20, 30);
  const cv::Mat roi = image(cv::Rect(5, 2, 10, 4));
  Borrowed lent = keep(roi);
  EXPECT_EQ(address(lent.view()), roi.data);
  EXPECT_EQ(lent.view().spec(), (ArraySpec{.dtype = DType::UInt16, .shape = {4, 10, 3}, .stride_bytes = {180, 6, 2}}));
  EXPECT_EQ(image.u->refcount, 3);
  const auto published = publisher.publish(std::move(lent));
  ASSERT_TRUE(published);
  EXPECT_EQ(published->copies, 0U);
  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_EQ(cv::norm(as_mat(sample->array()), roi, cv::NORM_INF), 0.0);
  EXPECT_TRUE(eventually([&] { return __atomic_load_n(&image.u->refcount, __ATOMIC_ACQUIRE) == 2; })) << "given back";
}

TEST_F(OpenCvTest, AMatOverForeignMemoryIsNotKeptByItself) {
  std::vector<float> memory(12, 1.0F);
  const cv::Mat foreign(3, 4, CV_32F, memory.data());
  EXPECT_THROW(keep(foreign), Error);
  EXPECT_EQ(address(keep(view_of(foreign), nullptr).view()), memory.data());
}

TEST_F(OpenCvTest, AReceivedMatIsPassedOnWithoutACopy) {
  cv::Mat received = as_mat(sent({.dtype = DType::Float64, .shape = {6, 7}}, [](const cv::Mat& image) { fill(image, 3); }));
  const void* bytes = received.data;
  const Borrowed lent = keep(received);
  received.release();
  EXPECT_EQ(address(lent.view()), bytes);
  EXPECT_EQ(lent.view().values<double>()[41], 3.0);
}

}  // namespace
}  // namespace arraywire::testing
