#include "api/conformance.hpp"

#include <numeric>

namespace arraywire::testing {

INSTANTIATE_TEST_SUITE_P(Over, Conformance, ::testing::Values(Transport::SharedMemory, Transport::Ipc, Transport::Tcp),
                         [](const auto& instance) { return name(instance.param); });

std::vector<std::uint64_t> take_all(Subscriber& subscriber) {
  std::vector<std::uint64_t> values;
  for (;;) {
    auto sample = subscriber.take(kWatchdog);
    if (!sample) {
      EXPECT_EQ(sample.error(), TakeError::Ended) << to_string(subscriber.status());
      return values;
    }
    values.push_back(value_of(*sample));
  }
}

std::vector<std::uint64_t> counted(std::uint64_t n) {
  std::vector<std::uint64_t> values(n);
  std::iota(values.begin(), values.end(), 1);
  return values;
}

}  // namespace arraywire::testing
