#include "arraywire/adapt/dlpack.hpp"

#include "api/stream_pair.hpp"

#include <numeric>
#include <thread>
#include <utility>

namespace arraywire::testing {
namespace {

static_assert(sizeof(VersionedTensor) == 4 * sizeof(std::uint64_t) + sizeof(DLTensor));
template <class T>
concept LegacyWithoutPromise = requires(T source) {
  to_legacy_dlpack(std::move(source));
};
static_assert(!LegacyWithoutPromise<Sample> && !LegacyWithoutPromise<std::shared_ptr<const Sample>>,
              "the legacy ABI cannot say read-only");
static_assert(LegacyWithoutPromise<Loan>);

// A tensor of somebody else: shape and strides (in elements) over memory of ours, with a count of deleter calls.
template <class Tensor> struct Foreign {
  Foreign(std::vector<std::int64_t> extents, std::vector<std::int64_t> steps)
      : shape(std::move(extents)), strides(std::move(steps)) {
    tensor.dl_tensor.data = memory.data();
    tensor.dl_tensor.device = {kDLCPU, 0};
    tensor.dl_tensor.ndim = static_cast<int>(shape.size());
    tensor.dl_tensor.dtype = {kDLUInt, 16, 1};
    tensor.dl_tensor.shape = shape.data();
    tensor.dl_tensor.strides = strides.empty() ? nullptr : strides.data();
    tensor.manager_ctx = this;
    tensor.deleter = [](Tensor* self) { static_cast<Foreign*>(self->manager_ctx)->deleted.fetch_add(1); };
    if constexpr (std::is_same_v<Tensor, VersionedTensor>) tensor.version = {1, 1};
    std::iota(memory.begin(), memory.end(), std::uint16_t{0});
  }

  std::vector<std::uint16_t> memory = std::vector<std::uint16_t>(4096);
  std::vector<std::int64_t> shape, strides;
  std::atomic<int> deleted{0};
  Tensor tensor{};
};

std::string refusal(DLManagedTensor& tensor) {
  try {
    borrow_dlpack(&tensor);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::InvalidArgument);
    return error.what();
  }
  return "accepted";
}

class DlpackTest : public StreamPair {
 public:
  Publisher publisher{context, "stream"};
  Subscriber subscriber{context, "stream"};

  Sample sent(const ConstArrayView& view) {
    EXPECT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
    EXPECT_TRUE(publisher.publish_copy(view));
    auto sample = subscriber.take(kWatchdog);
    EXPECT_TRUE(sample);
    return std::move(*sample);
  }
  Sample sent_floats() { return sent(view_of(std::span<const float>(floats), {4, 5, 3})); }

  std::vector<float> floats = std::vector<float>(60, 1.5F);
};

TEST_F(DlpackTest, ASampleBecomesAReadOnlyTensorThatKeepsIt) {
  Sample sample = sent_floats();
  const void* bytes = sample.array().bytes().data();
  TensorPtr<VersionedTensor> tensor = to_dlpack(std::move(sample));
  EXPECT_FALSE(sample);  // NOLINT(bugprone-use-after-move): it says that it is empty
  EXPECT_EQ(tensor->version.major, 1U);
  EXPECT_EQ(tensor->flags, kTensorReadOnly);
  const DLTensor& array = tensor->dl_tensor;
  EXPECT_EQ(array.data, bytes);
  EXPECT_EQ(array.byte_offset, 0U);
  EXPECT_EQ(array.device.device_type, kDLCPU);
  EXPECT_EQ(std::vector(array.shape, array.shape + array.ndim), (std::vector<std::int64_t>{4, 5, 3}));
  EXPECT_EQ(std::vector(array.strides, array.strides + array.ndim), (std::vector<std::int64_t>{15, 3, 1}));
  EXPECT_TRUE(array.dtype.code == kDLFloat && array.dtype.bits == 32 && array.dtype.lanes == 1);
  EXPECT_EQ(static_cast<const float*>(array.data)[59], 1.5F);
  EXPECT_EQ(subscriber.status().unreleased, 1U);
  VersionedTensor* handed_over = tensor.release();
  std::thread([&] { handed_over->deleter(handed_over); }).join();
  EXPECT_EQ(subscriber.status().unreleased, 0U);
}

TEST_F(DlpackTest, SeveralTensorsShareOneSample) {
  auto sample = std::make_shared<const Sample>(sent_floats());
  auto first = to_dlpack(sample);
  auto second = to_legacy_dlpack(sample, NeverWritten());
  EXPECT_EQ(first->dl_tensor.data, second->dl_tensor.data);
  sample.reset();
  first.reset();
  EXPECT_EQ(subscriber.status().unreleased, 1U);
  EXPECT_EQ(static_cast<const float*>(second->dl_tensor.data)[0], 1.5F);
  second.reset();
  EXPECT_EQ(subscriber.status().unreleased, 0U);
}

TEST_F(DlpackTest, ARefusedSampleStaysWithTheCaller) {
  Sample sample = sent_floats();
  EXPECT_THROW(to_dlpack(std::move(sample), 1), Error);
  EXPECT_TRUE(sample);  // NOLINT(bugprone-use-after-move): failure left it
  Sample other = sent_floats();
  EXPECT_THROW(to_legacy_dlpack(std::move(other), NeverWritten(), 7), Error);
  EXPECT_TRUE(other);  // NOLINT(bugprone-use-after-move)
}

TEST_F(DlpackTest, ALoanIsWrittenThroughItsTensor) {
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  auto loan = publisher.loan({.dtype = DType::Int32, .shape = {2, 3}, .stride_bytes = {64, 4}});
  ASSERT_TRUE(loan);
  const auto tensor = to_legacy_dlpack(*loan);
  const auto versioned = to_dlpack(*loan);
  EXPECT_EQ(versioned->flags, 0U) << "writable";
  EXPECT_EQ(tensor->dl_tensor.data, loan->array().bytes().data());
  EXPECT_EQ(tensor->dl_tensor.strides[0], 16);
  static_cast<std::int32_t*>(tensor->dl_tensor.data)[16 + 2] = 42;
  ASSERT_TRUE(publisher.publish(std::move(*loan)));
  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->array().data<std::int32_t>()[16 + 2], 42);
}

TEST_F(DlpackTest, ALoansSlotIsNobodyElsesWhileItsTensorIsThere) {
  const ArraySpec spec{.dtype = DType::Int32, .shape = {2, 3}};
  Publisher alone(context, "alone");
  auto loan = alone.loan(spec);
  ASSERT_TRUE(loan);
  auto tensor = to_dlpack(*loan);
  const void* slot = tensor->dl_tensor.data;
  ASSERT_TRUE(alone.publish(std::move(*loan)));  // to nobody
  for (int i = 0; i < 4; ++i) {
    const auto other = alone.loan(spec);
    ASSERT_TRUE(other);
    EXPECT_NE(static_cast<const void*>(other->array().bytes().data()), slot);
  }
  tensor.reset();
  const auto again = alone.loan(spec);
  const auto more = alone.loan(spec);
  EXPECT_TRUE(again->array().bytes().data() == slot || more->array().bytes().data() == slot) << "it is free again";
}

TEST_F(DlpackTest, ATensorOutlivesThePublisherAndItsCaller) {
  TensorPtr<VersionedTensor> tensor;
  {
    Publisher passing(context, "passing");
    const auto loan = passing.loan({.dtype = DType::UInt8, .shape = {1000}});
    ASSERT_TRUE(loan);
    tensor = to_dlpack(*loan);
  }
  std::fill_n(static_cast<std::uint8_t*>(tensor->dl_tensor.data), 1000, std::uint8_t{9});
}

TEST_F(DlpackTest, AForeignTensorIsPublishedAsItLiesAndDeletedOnce) {
  Foreign<DLManagedTensor> legacy({10, 20}, {});
  Borrowed lent = borrow_dlpack(&legacy.tensor);
  EXPECT_EQ(lent.view().spec(), (ArraySpec{.dtype = DType::UInt16, .shape = {10, 20}}));
  EXPECT_EQ(lent.view().data<std::uint16_t>(), legacy.memory.data());
  ASSERT_TRUE(publisher.wait_for_subscribers(1, kWatchdog));
  ASSERT_TRUE(publisher.publish(std::move(lent)));
  const auto sample = subscriber.take(kWatchdog);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->array().values<std::uint16_t>()[199], 199);
  EXPECT_TRUE(eventually([&] { return legacy.deleted == 1; }));

  Foreign<VersionedTensor> versioned({10, 20}, {32, 1});
  versioned.tensor.dl_tensor.byte_offset = 64;
  {
    const Borrowed unused = borrow_dlpack(&versioned.tensor);
    EXPECT_EQ(unused.view().spec().stride_bytes, (Extents{64, 2}));
    EXPECT_EQ(unused.view().data<std::uint16_t>(), versioned.memory.data() + 32);
    EXPECT_EQ(unused.view().bytes().size(), 9U * 64 + 40);
    EXPECT_EQ(versioned.deleted, 0);
  }
  EXPECT_EQ(versioned.deleted, 1);
}

TEST_F(DlpackTest, StridesThatMeanNothingAreIgnored) {
  Foreign<DLManagedTensor> c_order({1, 4, 5}, {-7, 5, 1});
  EXPECT_EQ(borrow_dlpack(&c_order.tensor).view().spec(), (ArraySpec{.dtype = DType::UInt16, .shape = {1, 4, 5}}));
  Foreign<DLManagedTensor> empty({0, 4}, {-3, -3});
  empty.tensor.dl_tensor.data = nullptr;
  EXPECT_EQ(borrow_dlpack(&empty.tensor).view().spec(), (ArraySpec{.dtype = DType::UInt16, .shape = {0, 4}}));
  Foreign<DLManagedTensor> scalar({}, {});
  EXPECT_EQ(borrow_dlpack(&scalar.tensor).view().bytes().size(), 2U);
}

TEST_F(DlpackTest, ATensorWithoutADeleterIsFine) {
  Foreign<DLManagedTensor> fixed({3}, {});
  fixed.tensor.deleter = nullptr;
  EXPECT_EQ(borrow_dlpack(&fixed.tensor).view().shape(), (Extents{3}));
}

TEST_F(DlpackTest, WhatCannotBePublishedIsRefusedAndStaysWithTheCaller) {
  const auto expect_refused = [](const char* what, auto change) {
    Foreign<DLManagedTensor> foreign({10, 20}, {20, 1});
    change(foreign.tensor.dl_tensor);
    EXPECT_NE(refusal(foreign.tensor).find(what), std::string::npos) << what;
    EXPECT_EQ(foreign.deleted, 0) << what;
  };
  expect_refused("device type 2", [](DLTensor& t) { t.device.device_type = kDLCUDA; });
  expect_refused("lanes", [](DLTensor& t) { t.dtype.lanes = 4; });
  expect_refused("4 bits", [](DLTensor& t) { t.dtype.bits = 4; });
  expect_refused("dimensions", [](DLTensor& t) { t.ndim = -1; });
  expect_refused("no shape", [](DLTensor& t) { t.shape = nullptr; });
  expect_refused("not aligned", [](DLTensor& t) { t.byte_offset = 1; });
  expect_refused("without data", [](DLTensor& t) { t.data = nullptr; });
  expect_refused("uint16", [](DLTensor& t) { t.shape[0] = -10; });
  expect_refused("uint16", [](DLTensor& t) { t.shape[0] = t.shape[1] = INT64_MAX / 2; });
  expect_refused("uint16", [](DLTensor& t) { t.strides[0] = -20; });
  expect_refused("uint16", [](DLTensor& t) { t.strides[0] = 0; });
  expect_refused("a stride of", [](DLTensor& t) { t.strides[0] = INT64_MAX; });
  std::vector<std::int64_t> ones(17, 1);
  expect_refused("16", [&](DLTensor& t) { t.shape = ones.data(), t.strides = nullptr, t.ndim = 17; });
  Foreign<VersionedTensor> next({3}, {});
  next.tensor.version.major = 2;
  EXPECT_THROW(borrow_dlpack(&next.tensor), Error);
  EXPECT_EQ(next.deleted, 0);
  EXPECT_THROW(borrow_dlpack(TensorPtr<VersionedTensor>(&next.tensor)), Error);
  EXPECT_EQ(next.deleted, 1) << "the temporary's own";
}

TEST_F(DlpackTest, EveryDtypeGoesThereAndBack) {
  for (std::size_t i = 0; i < kDTypeCount; ++i) {
    const ArraySpec spec{.dtype = static_cast<DType>(i), .shape = {3, 5}};
    const std::vector<std::byte> bytes(checked_extent_bytes(spec), std::byte{1});
    auto tensor = to_dlpack(sent(ConstArrayView(spec, bytes)));
    EXPECT_EQ(borrow_dlpack(std::move(tensor)).view().spec(), spec) << to_string(spec);
  }
  EXPECT_EQ(subscriber.status().unreleased, 0U);
}

TEST_F(DlpackTest, StridesThatAreNoWholeElementsAreRefused) {
  auto loaned = publisher.loan({.dtype = DType::Complex64, .shape = {2, 3}, .stride_bytes = {28, 8}});
  ASSERT_TRUE(loaned);
  EXPECT_THROW(to_dlpack(*loaned), Error);
  EXPECT_TRUE(*loaned);
}

}  // namespace
}  // namespace arraywire::testing
